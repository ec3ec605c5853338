"""Bad arrays and calls: the type of the error, its words, and that the estimator keeps its state.

Where scikit-learn's MLP refuses the same thing, the test asks it: the type of our error and the
start of its text are then the MLP's, because callers match on them.
"""

import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest
import scipy.sparse as sp
from mistakes import (
    KINDS,
    LABELS,
    MULTILABEL,
    N_ROWS,
    NUMBERS,
    OURS,
    TARGETS,
    TEXTS,
    THEIRS,
    WEIGHTS,
    X,
    assert_names_any,
    assert_refused,
    build,
    error_of,
    start_of,
    with_value,
)
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import GroupKFold, KFold, PredefinedSplit, StratifiedKFold

from skbackprop import BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@dataclass(frozen=True)
class Mistake:
    """A call that is refused: by which estimator, with what error."""

    name: str
    kind: str
    call: callable
    words: tuple = ()
    error: type = ValueError
    parameters: dict = field(default_factory=dict)
    only_fitted: bool = False
    only_unfitted: bool = False

    def estimators(self, classes):
        if not self.only_fitted:
            yield build(classes, self.kind, **self.parameters)
        if not self.only_unfitted:
            yield (
                build(classes, self.kind).fit(X, TARGETS[self.kind]).set_params(**self.parameters)
            )


def fit(*args, **kwargs):
    return lambda estimator: estimator.fit(*args, **kwargs)


def partial_fit(*args, **kwargs):
    return lambda estimator: estimator.partial_fit(*args, **kwargs)


def call(method, *args):
    return lambda estimator: getattr(estimator, method)(*args)


def bad_arrays(kind):
    """Mistakes of arrays that a fit refuses, for either kind."""
    y = TARGETS[kind]
    yield Mistake("X with NaN", kind, fit(with_value(X, np.nan), y), ("X", "NaN"))
    yield Mistake("X with infinity", kind, fit(with_value(X, np.inf), y), ("X", "infinity"))
    yield Mistake(
        "CSR X with NaN", kind, fit(sp.csr_array(with_value(X, np.nan)), y), ("X", "NaN")
    )
    yield Mistake("no rows", kind, fit(X[:0], y[:0]), ("0 sample(s)",))
    yield Mistake("no features", kind, fit(X[:, :0], y), ("0 feature(s)",))
    yield Mistake("1-D X", kind, fit(X[:, 0], y), ("2D array", "reshape"))
    yield Mistake("3-D X", kind, fit(X[:, :, None], y), ("dim 3",))
    yield Mistake("lengths", kind, fit(X, y[:-1]), (str(N_ROWS), str(N_ROWS - 1)))
    yield Mistake("complex X", kind, fit(X + 1j, y), ("Complex",))
    yield Mistake("complex y", kind, fit(X, y + 1j), ("Complex",))
    yield Mistake("text in an object X", kind, fit(TEXTS, y), ("'a'",))
    yield Mistake("text X", kind, fit(TEXTS.astype(str), y), ("'a'",))
    yield Mistake("y is None", kind, fit(X, None), ("y",))
    yield Mistake("y with NaN", kind, fit(X, with_value(y, np.nan)), ("y", "NaN"))
    yield Mistake("y with infinity", kind, fit(X, with_value(y, np.inf)), ("y", "infinity"))
    yield Mistake("weights with NaN", kind, fit(X, y, with_value(WEIGHTS, np.nan)), ("NaN",))
    yield Mistake("weights inf", kind, fit(X, y, with_value(WEIGHTS, np.inf)), ("infinity",))
    yield Mistake("weights too short", kind, fit(X, y, WEIGHTS[:-1]), ("sample_weight", "39"))
    yield Mistake("2-D weights", kind, fit(X, y, np.ones((N_ROWS, 2))), ("1D",))
    yield Mistake("weights of text", kind, fit(X, y, "heavy"), ("heavy",))


def bad_predictions(kind, method):
    """Mistakes of X at predict and its like."""
    narrow = ("2 features", "expecting 3 features")
    yield Mistake(
        f"{method} unfitted", kind, call(method, X), ("fit",), NotFittedError, {}, False, True
    )
    yield Mistake(f"{method} narrow X", kind, call(method, X[:, :2]), narrow, only_fitted=True)
    yield Mistake(f"{method} 1-D X", kind, call(method, X[0]), ("2D",), only_fitted=True)
    yield Mistake(f"{method} no rows", kind, call(method, X[:0]), ("0 sample",), only_fitted=True)
    yield Mistake(
        f"{method} NaN", kind, call(method, with_value(X, np.nan)), ("NaN",), only_fitted=True
    )
    yield Mistake(f"{method} text", kind, call(method, TEXTS), ("'a'",), only_fitted=True)
    yield Mistake(f"{method} complex", kind, call(method, X + 1j), ("Complex",), only_fitted=True)


SHARED = [
    *bad_arrays("classifier"),
    *bad_arrays("regressor"),
    *bad_predictions("classifier", "predict"),
    *bad_predictions("classifier", "predict_proba"),
    *bad_predictions("classifier", "predict_log_proba"),
    *bad_predictions("regressor", "predict"),
    Mistake("continuous y", "classifier", fit(X, NUMBERS), ("continuous",)),
    Mistake("3-D y", "regressor", fit(X, NUMBERS[:, None, None]), ("dim 3",)),
    Mistake(
        "warm start with other classes",
        "classifier",
        fit(X, LABELS + 1),
        ("warm_start", "[0 1]", "[1 2]"),
        parameters={"warm_start": True},
        only_fitted=True,
    ),
    *[
        Mistake(
            "warm start with other features",
            kind,
            fit(X[:, :2], TARGETS[kind]),
            ("2 features", "3 features"),
            parameters={"warm_start": True},
            only_fitted=True,
        )
        for kind in KINDS
    ],
    Mistake(
        "partial_fit without classes",
        "classifier",
        partial_fit(X, LABELS),
        ("classes",),
        only_unfitted=True,
    ),
    Mistake(
        "partial_fit first with unseen labels",
        "classifier",
        partial_fit(X, LABELS + 1, classes=[0, 1]),
        ("[0 1]", "[1 2]"),
        only_unfitted=True,
    ),
    Mistake(
        "partial_fit later with unseen labels",
        "classifier",
        partial_fit(X, LABELS + 1),
        ("[0 1]", "[1 2]"),
        only_fitted=True,
    ),
    Mistake(
        "partial_fit with other classes",
        "classifier",
        partial_fit(X, LABELS, classes=[0, 1, 2]),
        ("[0, 1, 2]",),
        only_fitted=True,
    ),
    Mistake(
        "partial_fit with NaN", "regressor", partial_fit(with_value(X, np.nan), NUMBERS), ("NaN",)
    ),
    Mistake(
        "partial_fit with other features",
        "regressor",
        partial_fit(X[:, :2], NUMBERS),
        ("2 features",),
        only_fitted=True,
    ),
    Mistake(
        "partial_fit with lbfgs",
        "classifier",
        partial_fit(X, LABELS, classes=[0, 1]),
        ("partial_fit",),
        AttributeError,
        {"solver": "lbfgs"},
    ),
    Mistake(
        "partial_fit under early stopping",
        "classifier",
        partial_fit(X, LABELS, classes=[0, 1]),
        ("early_stopping",),
        parameters={"early_stopping": True},
    ),
    Mistake(
        "partial_fit under early stopping",
        "regressor",
        partial_fit(X, NUMBERS),
        ("early_stopping",),
        parameters={"early_stopping": True},
    ),
]


def own_validation_data(kind):
    """Mistakes of validation data given to fit."""
    y = TARGETS[kind]
    yield Mistake("X_val alone", kind, fit(X, y, X_val=X), ("X_val", "y_val"))
    yield Mistake("y_val alone", kind, fit(X, y, y_val=y), ("y_val", "X_val"))
    yield Mistake(
        "sample_weight_val alone",
        kind,
        fit(X, y, sample_weight_val=WEIGHTS),
        ("sample_weight_val", "X_val"),
    )
    yield Mistake(
        "X_val with other features",
        kind,
        fit(X, y, X_val=X[:, :2], y_val=y),
        ("X_val", "2 features", "3 features"),
    )
    yield Mistake(
        "X_val with NaN", kind, fit(X, y, X_val=with_value(X, np.nan), y_val=y), ("X_val", "NaN")
    )
    yield Mistake("X_val without rows", kind, fit(X, y, X_val=X[:0], y_val=y[:0]), ("X_val", "0"))
    yield Mistake("1-D X_val", kind, fit(X, y, X_val=X[:, 0], y_val=y), ("X_val|2D",))
    yield Mistake(
        "y_val with NaN", kind, fit(X, y, X_val=X, y_val=with_value(y, np.nan)), ("y_val|NaN",)
    )
    yield Mistake(
        "y_val of other length",
        kind,
        fit(X, y, X_val=X, y_val=y[:-1]),
        (str(N_ROWS), str(N_ROWS - 1)),
    )
    yield Mistake(
        "sample_weight_val too short",
        kind,
        fit(X, y, X_val=X, y_val=y, sample_weight_val=WEIGHTS[:-1]),
        ("sample_weight_val", "39"),
    )
    yield Mistake(
        "sample_weight_val all zero",
        kind,
        fit(X, y, X_val=X, y_val=y, sample_weight_val=0 * WEIGHTS),
        ("sample_weight_val", "zero"),
    )
    yield Mistake(
        "sample_weight_val negative",
        kind,
        fit(X, y, X_val=X, y_val=y, sample_weight_val=-WEIGHTS),
        ("sample_weight_val", "egative"),
    )


def own_weights_and_splits(kind):
    """Mistakes of weights and of the validation split that the MLP lets pass or blurs."""
    y = TARGETS[kind]
    early = {"early_stopping": True}
    yield Mistake(
        "weights all zero",
        kind,
        fit(X, y, 0 * WEIGHTS),
        ("Sample weights must contain at least one non-zero number",),
    )
    yield Mistake("one negative weight", kind, fit(X, y, with_value(WEIGHTS, -1)), ("egative",))
    yield Mistake(
        "partial_fit with a negative weight",
        kind,
        partial_fit(X, y, with_value(WEIGHTS, -1)),
        ("egative",),
        only_fitted=True,
    )
    yield Mistake(
        "no validation fraction",
        kind,
        fit(X, y),
        ("validation_fraction",),
        parameters={**early, "validation_fraction": 0.0},
    )
    yield Mistake(
        "a validation part too small",
        kind,
        fit(X[:6], y[:6]),
        ("The validation set is too small.", "validation_fraction"),
        parameters=early,
    )
    yield Mistake(
        "no rows left to train on",
        kind,
        fit(X, y),
        ("validation_fraction",),
        parameters={**early, "validation_fraction": 0.999},
    )


def own_splits(kind):
    """Mistakes of validation rows that the user chooses."""
    y, rows = TARGETS[kind], np.arange(N_ROWS)

    def mistake(name, validation, words, call=None):
        parameters = {"early_stopping": True, "validation": validation}
        words = ("validation", *words)
        return Mistake(name, kind, call or fit(X, y), words, parameters=parameters)

    by_group, groups = GroupKFold(4), rows // 5
    yield mistake("no groups for a splitter that needs them", by_group, ("Pass groups to fit",))
    for name, wrong, words in (
        ("groups of other length", groups[:-1], ("39", "40")),
        ("groups in two columns", np.c_[groups, groups], ("groups", "1d")),
        ("a number as groups", 3, ("groups", "1d")),
    ):
        parameters = {"early_stopping": True, "validation": by_group}
        yield Mistake(name, kind, fit(X, y, groups=wrong), words, parameters=parameters)
    yield mistake("groups with NaN", by_group, ("NaN",), fit(X, y, groups=groups * np.nan))
    yield mistake("too few groups", by_group, ("groups: 2",), fit(X, y, groups=groups > 3))
    yield mistake("too many folds", KFold(50), ("n_splits=50", "40"))
    yield mistake("folds of other data", PredefinedSplit([0, 1, -1]), ("3 entries", "40 rows"))
    yield mistake("X_val as well", KFold(4), ("X_val",), fit(X, y, X_val=X, y_val=y))
    if kind == "regressor":
        call = fit(X, 1e298 * NUMBERS)  # which are too large for NumPy to look for integers in
        yield mistake("classes of numbers", StratifiedKFold(3), ("continuous",), call)
    yield mistake("no pairs", [], ("no split",))
    yield mistake("no folds", PredefinedSplit([-1] * N_ROWS), ("no split",))
    yield mistake("no rows to train on", [([], rows)], ("no row to train on",))
    yield mistake("no rows to validate with", [(rows, [])], ("no row to validate with",))
    yield mistake(
        "no rows that count to validate with", [(rows[1:], rows[:1])],
        ("no row to validate with", "weight"), fit(X, y, with_value(WEIGHTS, 0)),
    )  # fmt: skip
    yield mistake("a row on both sides", [(rows[:30], rows[29:])], ("train", "test", "29"))
    yield mistake("a row twice", [([1, 2, 2], rows[5:])], ("training rows", "more than once"))
    yield mistake("a position too large", [(rows, [40])], ("validation rows", "outside", "40"))
    yield mistake("a position below 0", [([0, -1], [2])], ("training rows", "outside", "-1"))
    yield mistake("masks", [(rows < 30, rows >= 30)], ("training rows", "integer", "bool"))
    yield mistake("floats", [(rows[:9], [20.5])], ("validation rows", "integer", "float"))
    yield mistake("2-D positions", [([[1], [2]], rows[5:])], ("training rows", "2-D"))
    yield mistake("triples", [(rows[:9], rows[9:19], rows[19:])], ("pair",))
    yield mistake("one pair, no list", (rows[:20], rows[20:]), ("pair",))


def missing_targets(kind):
    """Mistakes of targets where missing ones are ignored."""
    ignore = {"missing_targets": "ignore"}
    y = TARGETS[kind]
    nothing, column = np.full(N_ROWS, np.nan), ("no known target", "column 1")
    pair = np.column_stack([y, nothing])

    def ignoring(name, call, words, **options):
        return Mistake(name, kind, call, words, parameters=ignore, **options)

    yield ignoring("no known target", fit(X, nothing), ("no known target",))
    yield ignoring("a column without known targets", fit(X, pair), column)
    yield ignoring(
        "a first batch with such a column", partial_fit(X, pair), column, only_unfitted=True
    )
    yield ignoring(
        "only a row of weight 0 is known",
        fit(X, np.column_stack([y, with_value(nothing, 1.0)]), with_value(WEIGHTS, 0)),
        column,
    )
    yield ignoring(
        "y_val without known targets",
        fit(X, y, X_val=X, y_val=nothing),
        ("y_val", "no known target"),
    )
    yield ignoring("no rows", fit(X[:0], nothing[:0]), ("0 sample(s)",))
    yield ignoring("infinite y", fit(X, with_value(y, np.inf)), ("infinity",))
    yield ignoring(
        "y with NaN of other length", fit(X, with_value(y, np.nan)[:-1]), (str(N_ROWS), "39")
    )


OWN = [
    Mistake(
        "several columns, one of them continuous",
        "classifier",
        fit(X, np.column_stack([LABELS, NUMBERS])),
        ("continuous",),
    ),
    *own_validation_data("classifier"),
    *own_validation_data("regressor"),
    *own_weights_and_splits("classifier"),
    *own_weights_and_splits("regressor"),
    *own_splits("classifier"),
    *own_splits("regressor"),
    *missing_targets("classifier"),
    *[
        Mistake(
            "partial_fit with a missing class",
            "classifier",
            partial_fit(X, LABELS, classes=classes),
            ("classes", "missing values", text),
            only_unfitted=True,
        )
        for classes, text in (([0, 1, np.nan], "nan"), ([[0, 1], ["a", None]], "None"))
    ],
    *missing_targets("regressor"),
    *bad_predictions("classifier", "decision_function"),
    Mistake(
        "y_val with an unseen label",
        "classifier",
        fit(X, LABELS, X_val=X, y_val=LABELS + 1),
        ("y_val", "2"),
    ),
    Mistake(
        "class_weight='balanced' in partial_fit",
        "classifier",
        partial_fit(X, LABELS, classes=[0, 1]),
        ("class_weight 'balanced' is not supported for partial_fit. In order to use",),
        parameters={"class_weight": "balanced"},
    ),
    Mistake(
        "multilabel after single labels",
        "classifier",
        partial_fit(X, MULTILABEL),
        ("y|labels|classes",),
        only_fitted=True,
    ),
    Mistake(
        "other number of outputs",
        "regressor",
        partial_fit(X, np.column_stack([NUMBERS, NUMBERS])),
        ("output",),
        only_fitted=True,
    ),
    Mistake("text as y", "regressor", fit(X, np.array(["a"] * N_ROWS)), ("'a'",)),
    Mistake("y without columns", "regressor", fit(X, np.empty((N_ROWS, 0))), ("y|output",)),
    Mistake(
        "poisson with negative y",
        "regressor",
        fit(X, NUMBERS),
        ("y", "poisson", "negative"),
        parameters={"loss": "poisson"},
    ),
    Mistake(
        "poisson with negative y_val",
        "regressor",
        fit(X, np.abs(NUMBERS), X_val=X, y_val=NUMBERS),
        ("y", "poisson", "negative"),
        parameters={"loss": "poisson"},
    ),
    Mistake(
        "partial_fit with lbfgs",
        "regressor",
        partial_fit(X, NUMBERS),
        ("partial_fit",),
        AttributeError,
        {"solver": "lbfgs"},
    ),
    Mistake(
        "another architecture in a warm start",
        "regressor",
        fit(X, NUMBERS),
        ("hidden_layer_sizes",),
        parameters={"warm_start": True, "hidden_layer_sizes": (4,)},
        only_fitted=True,
    ),
    Mistake(
        "divergence",
        "regressor",
        fit(1e6 * X, 1e6 * NUMBERS),
        (
            "Solver produced non-finite parameter weights. The input data may contain large "
            "values and need to be preprocessed.",
            "epoch",
            "10",
            "largest",
        ),
        parameters={"solver": "sgd", "learning_rate_init": 10.0, "max_iter": 30},
    ),
]


def label(mistake):
    return f"{mistake.kind}-{mistake.name}".replace(" ", "_")


def assert_words(message, mistake):
    for words in mistake.words:
        assert_names_any(message, words)


@pytest.mark.parametrize("mistake", SHARED, ids=label)
def test_mistake_that_the_mlp_refuses_too(mistake):
    for ours, theirs in zip(mistake.estimators(OURS), mistake.estimators(THEIRS), strict=True):
        expected = error_of(mistake.call, theirs)
        error = assert_refused(ours, mistake.call)
        assert isinstance(error, mistake.error)
        assert isinstance(error, type(expected))
        assert str(error).startswith(start_of(str(expected)))
        assert_words(str(error), mistake)


@pytest.mark.parametrize("mistake", OWN, ids=label)
def test_mistake_that_only_we_refuse_or_explain(mistake):
    for estimator in mistake.estimators(OURS):
        error = assert_refused(estimator, mistake.call)
        assert isinstance(error, mistake.error)
        assert_words(str(error), mistake)


# What is doubtful but accepted: the same warnings as there.


def warnings_of(action, estimator):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action(estimator)
    return [
        (warning.category, start_of(str(warning.message)))
        for warning in caught
        if warning.category in (UserWarning, DataConversionWarning)
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("parameters", "column_vector"), [({"batch_size": 1000}, False), ({}, True)]
)
def test_same_warnings(kind, parameters, column_vector):
    if column_vector and kind == "regressor":
        parameters = parameters | {"batch_size": 1000}
    y = TARGETS[kind][:, None] if column_vector else TARGETS[kind]
    ours = warnings_of(fit(X, y), build(OURS, kind, **parameters))
    theirs = warnings_of(fit(X, y), build(THEIRS, kind, **parameters))
    assert ours == theirs
    assert ours


def test_a_mistake_in_a_later_call_leaves_predictions_alone():
    estimator = build(OURS, "regressor").fit(X, NUMBERS)
    before = estimator.predict(X)
    with pytest.raises(ValueError, match="NaN"):
        estimator.partial_fit(X, with_value(NUMBERS, np.nan))
    with pytest.raises(ValueError, match="2 features"):
        estimator.partial_fit(X[:, :2], NUMBERS)
    np.testing.assert_array_equal(estimator.predict(X), before)
    estimator.partial_fit(X, NUMBERS)
    assert np.any(estimator.predict(X) != before)


RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(40, 3))
POSITIVE = np.exp(FEATURES[:, 0] + 0.1 * RNG.normal(size=40))
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


def test_validation_targets_of_another_width_are_refused():
    net = BackpropRegressor(**SMALL)
    with pytest.raises(ValueError, match="the training data have 2 outputs per row"):
        net.fit(
            FEATURES,
            np.column_stack([POSITIVE] * 2),
            X_val=FEATURES,
            y_val=np.column_stack([POSITIVE] * 3),
        )
