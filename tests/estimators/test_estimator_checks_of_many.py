"""All of scikit-learn's checks of many parameter sets; those that must fail are named, with why.

test_estimator_checks.py has further sets, with a penalty that spares them extreme probabilities.
Label columns are no parameter: the checks give several columns as indicators of 0 and 1 only.
"""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.losses import LogLoss, Multinomial, Quantile

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # A few checks have classes of a single row.
    pytest.mark.filterwarnings("ignore:.*stratif.*:UserWarning"),
]

# A few of the checks set no random state of their own: whether one that must fail does so would
# depend on the initial weights.
SMALL = {"hidden_layer_sizes": (8,), "random_state": 0}
ADAM = SMALL | {"learning_rate_init": 0.02, "max_iter": 60}
SGD = SMALL | {"solver": "sgd", "max_iter": 300, "n_iter_no_change": 50}
LBFGS = SMALL | {"solver": "lbfgs", "max_iter": 100}
# Few iterations and a penalty: L-BFGS enlarges differences of rounding, and with the others
# 'balanced' is refused by partial_fit, as by scikit-learn's SGDClassifier.
BALANCED = LBFGS | {"class_weight": "balanced", "alpha": 2.0, "max_iter": 30}
STOPPED = {"early_stopping": True, "validation_fraction": 0.3, "scoring": "loss"}
TABLE = SMALL | {"n_members": 1, "max_iter": 10, "min_steps": 60}
BANDS = Quantile((0.1, 0.5, 0.9))

# These call partial_fit, which refuses 'balanced'.
PARTS = {
    "check_estimators_partial_fit_n_features",
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
}

# scikit-learn says of these two that fitting with weights is to be the same as with repeated rows,
# to 1e-7. A split, dropout and the scaling of tables draw from the rows that are given; sums in
# float32 are rounded more; and where a loss has kinks, or is unbounded below, L-BFGS enlarges the
# difference of rounding from one iteration to the next.
WEIGHTS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
# It wants the ranks of probabilities to be those of logits: two logits above 37 (17 in float32)
# have the same probability, 1 to rounding.
RANKS = {"check_classifier_multioutput"}
# It wants the probability of a label to be below 1, and not to round to it.
BELOW_ONE = {"check_classifiers_multilabel_output_format_predict_proba"}
# This loss is for one class out of several, and several labels are refused.
ONE_CLASS = RANKS | {
    "check_classifiers_multilabel_representation_invariance",
    "check_classifiers_multilabel_output_format_predict",
    "check_classifiers_multilabel_output_format_predict_proba",
    "check_classifiers_multilabel_output_format_decision_function",
}
# It does not ask the tag positive_only, and gives negative y, which deviances refuse.
NEGATIVE = {"check_regressor_multioutput"}
# Nor do these, and gamma refuses 0 as well.
OF_TRANSFORMER = {
    "check_transformer_data_not_an_array",
    "check_transformer_general",
    "check_transformer_preserve_dtypes",
}
ZERO = NEGATIVE | OF_TRANSFORMER | {"check_transformer_n_iter"}
# They fit one estimator twice and want the same again, or another dtype. Of warm_start the
# glossary says: "reuse the aspects of the model learned from the previous parameter value".
AGAIN = OF_TRANSFORMER | {"check_pipeline_consistency", "check_supervised_y_2d"}
INDICATORS_AGAIN = {"check_classifiers_multilabel_representation_invariance"}
# They want one number for each target, and several quantiles are several numbers.
SEVERAL_NUMBERS = {
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_regressors_train",
    "check_regressor_multioutput",
}
# It wants float64 predictions of a network that is told to be of float32.
FLOAT64 = {"check_regressor_multioutput"}

SETS = {
    "lbfgs at its defaults": (
        BackpropClassifier(solver="lbfgs", max_iter=100, random_state=0),
        RANKS,
    ),
    "lbfgs": (BackpropRegressor(**LBFGS), set()),
    "adam, classes": (BackpropClassifier(**ADAM), set()),
    "adam": (BackpropRegressor(**ADAM), set()),
    "sgd, classes": (BackpropClassifier(**SGD), set()),
    "sgd": (BackpropRegressor(**SGD), set()),
    "stopped, classes": (BackpropClassifier(**ADAM, **STOPPED), WEIGHTS),
    "stopped": (BackpropRegressor(**LBFGS, **STOPPED), WEIGHTS),
    "balanced": (BackpropClassifier(**BALANCED), set()),
    "warm, classes": (BackpropClassifier(**ADAM, warm_start=True), AGAIN | INDICATORS_AGAIN),
    "warm": (BackpropRegressor(**ADAM, warm_start=True), AGAIN),
    "brier": (BackpropClassifier(**LBFGS, loss="squared_error"), RANKS | BELOW_ONE),
    "focal": (BackpropClassifier(**LBFGS, loss="focal", alpha=0.1), set()),
    "multinomial": (BackpropClassifier(**LBFGS, loss=Multinomial()), ONE_CLASS),
    "smoothed": (BackpropClassifier(**LBFGS, loss=LogLoss(0.1)), set()),
    "poisson": (BackpropRegressor(**LBFGS, loss="poisson"), NEGATIVE),
    "gamma": (BackpropRegressor(**LBFGS, loss="gamma"), ZERO),
    "tweedie": (BackpropRegressor(**LBFGS, loss="tweedie"), NEGATIVE),
    "absolute": (BackpropRegressor(**LBFGS, loss="absolute_error"), WEIGHTS),
    "huber": (BackpropRegressor(**LBFGS, loss="huber"), set()),
    "log_cosh": (BackpropRegressor(**LBFGS, loss="log_cosh"), set()),
    "quantile": (BackpropRegressor(**LBFGS, loss="quantile"), WEIGHTS),
    "gaussian": (BackpropRegressor(**LBFGS, loss="gaussian_nll"), WEIGHTS),
    "bands": (BackpropRegressor(**LBFGS, loss=BANDS), SEVERAL_NUMBERS),
    "float32, classes": (BackpropClassifier(**LBFGS, dtype="float32"), WEIGHTS | RANKS),
    "float32": (BackpropRegressor(**LBFGS, dtype="float32"), WEIGHTS | FLOAT64),
    "dropout, classes": (BackpropClassifier(**ADAM, dropout=0.2), WEIGHTS),
    "dropout": (BackpropRegressor(**ADAM, dropout=0.2), WEIGHTS),
    "table, classes": (TabularClassifier(**TABLE), WEIGHTS),
    "table, balanced": (TabularClassifier(**TABLE, class_weight="balanced"), WEIGHTS | PARTS),
    "table, focal": (TabularClassifier(**TABLE, loss="focal"), WEIGHTS),
    "table": (TabularRegressor(**TABLE), WEIGHTS),
    "table, poisson": (TabularRegressor(**TABLE, loss="poisson"), WEIGHTS | NEGATIVE),
    "table, gamma": (TabularRegressor(**TABLE, loss="gamma"), WEIGHTS | NEGATIVE),
    "table, bands": (TabularRegressor(**TABLE, loss=BANDS), WEIGHTS | SEVERAL_NUMBERS),
}


def expected_failures(estimator):
    """Names of the checks that must fail, for an estimator of the table."""
    failing = next(failing for one, failing in SETS.values() if one is estimator)
    return dict.fromkeys(failing, "explained where its set is named")


@parametrize_with_checks(
    [estimator for estimator, _ in SETS.values()], expected_failed_checks=expected_failures
)
def test_check(estimator, check):
    check(estimator)
