"""Random fits, side by side with scikit-learn's: the same steps, or a difference on the list.

Everything that both can do is drawn: parameters, tasks, weights, dense and sparse data, float32,
``fit`` and repeated ``partial_fit``. Where the two differ on purpose (as the page "Coming from
MLPClassifier" lists), ``difference`` gives the reason before the fit, and the fits are counted
by it.

The same means to 1e-9, for sgd and adam in float64. Some fits make more of a rounding: hundreds of
steps, or a step divided by a tiny second moment. Of those, scikit-learn's own is made again with
features that differ by one unit in the last place, and ours may be ten times as far from theirs
as that. They are counted apart.

``SKBACKPROP_PROFILE=long python -m pytest tests/robustness/test_fuzz_trajectory.py -n 2 -rP``
makes 6,000 fits in sixty parts and shows how many were the same, and how many differ by which
rule.
"""

import os
import warnings
from collections import Counter

import numpy as np
import pytest
from fuzz_strategies import one_of_each
from hypothesis import given, settings
from hypothesis import seed as drawn_with
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from trajectories import (
    ACTIVATIONS,
    CLASSIFICATION,
    STOCHASTIC,
    TASKS,
    assert_close,
    assert_same_description,
    assert_same_parameters,
    assert_same_predictions,
    assert_same_stochastic_fit,
    estimator_pair,
    make_data,
)

LONG = os.environ.get("SKBACKPROP_PROFILE") == "long"
PARTS, FITS = (60, 100) if LONG else (1, 100)
MAX_ITER = 10

SAME_BUT_ROUNDING = "the same but for what a rounding of X makes of theirs"

SHARED = {
    "hidden_layer_sizes": [(5,), (), 4, (6, 3), (4, 3, 5), (40,)],
    "activation": ACTIVATIONS,
    "alpha": [1e-4, 0.0, 0.1, 2.0],
    "shuffle": [True, False],
    "early_stopping": [False, False, True],
    "validation_fraction": [0.1, 0.35],
    "n_iter_no_change": [10, 3, 1],
    "tol": [1e-4, 1e-2, 0.1],
}
OF_SOLVER = {
    "sgd": {
        "learning_rate": ["constant", "invscaling", "adaptive"],
        "power_t": [0.5, 0.1, 0.0],
        "momentum": [0.9, 0.5, 0.0],
        "nesterovs_momentum": [True, False],
    },
    "adam": {
        "learning_rate": ["constant"],
        "beta_1": [0.9, 0.5, 0.0],
        "beta_2": [0.999, 0.9, 0.5],
        "epsilon": [1e-8, 1e-3],
    },
    "lbfgs": {
        "max_fun": [15000, 5],
        "tol": [1e-4, 1e-6],
        "early_stopping": [False, False, False, False, True],
    },
}
DATA = {
    "task": TASKS,
    "container": ["dense", "csr"],
    "dtype": ["float64", "float64", "float64", "float32"],
    "weights": ["none", "none", "random", "constant"],
    "scale": [1.0, 0.1, 3.0],
}


@st.composite
def cases(draw):
    """Parameters of both estimators, and what their data are."""
    solver = draw(st.sampled_from([*STOCHASTIC, *STOCHASTIC, "lbfgs"]))
    parameters = {"solver": solver} | one_of_each(draw, SHARED | OF_SOLVER[solver])
    data = one_of_each(draw, DATA)
    data["n_rows"] = draw(st.integers(25, 80))
    data["n_features"] = draw(st.integers(1, 8))
    data["seed"] = draw(st.integers(0, 2**31 - 1))
    # scikit-learn 1.7 cannot stop early where labels are words
    data["numbers_for_words"] = parameters["early_stopping"]
    # the exponential of the Poisson model diverges early
    rates = [1e-3] if data["task"].startswith("poisson") else [1e-3, 1e-2]
    parameters["learning_rate_init"] = draw(st.sampled_from([*(rates * 12), 1e200]))
    batch_sizes = ["auto", 1, 7, 20, data["n_rows"]]
    if data["weights"] == "random":  # where theirs are right
        batch_sizes = ["auto", "auto", "auto", 7]
    parameters["batch_size"] = draw(st.sampled_from(batch_sizes))
    # a later line search may come to where their log loss is clipped or their Poisson loss inf
    few = solver == "lbfgs" and not data["task"].startswith("regression")
    parameters["max_iter"] = 3 if few or data["dtype"] == "float32" else MAX_ITER
    may_go_on = solver != "lbfgs" and not parameters["early_stopping"]
    data["method"] = draw(st.sampled_from(["fit", "fit", "partial_fit"])) if may_go_on else "fit"
    return parameters, data


def difference(parameters, data):
    """What on the list makes a fit another one; None where it must be the same."""
    stochastic = parameters["solver"] in STOCHASTIC
    if parameters["early_stopping"]:
        if not stochastic:
            return "early stopping of lbfgs"
        if data["task"] == "multiclass":
            return "stratified split of several classes"
    if not stochastic and data["dtype"] == "float32":
        return "where lbfgs stops in float32"
    if data["task"] == "regression_3":
        if not stochastic:
            return "sum of several squared errors"
        if not parameters["early_stopping"] and parameters["n_iter_no_change"] < MAX_ITER:
            return "patience with the sum of several squared errors"
    if data["weights"] == "random" and stochastic and parameters["batch_size"] != "auto":
        return "weights in minibatches"
    if data["method"] == "partial_fit" and parameters["shuffle"]:
        return "order of the rows in partial_fit"
    return None


def draw_data(data):
    X, y = make_data(
        data["seed"], data["task"], data["container"], data["n_rows"], data["n_features"]
    )
    X = (X * data["scale"]).astype(data["dtype"])
    if data["numbers_for_words"] and y.dtype.kind == "U":
        y = np.unique(y, return_inverse=True)[1]
    rng = np.random.default_rng(data["seed"])
    weights = {
        "none": None,
        "random": rng.uniform(0.2, 3.0, size=data["n_rows"]),
        "constant": np.full(data["n_rows"], 2.5),
    }[data["weights"]]
    return X, y, weights


def trained(estimator, data, X, y, weights):
    """The estimator after ``fit``, or after some calls of ``partial_fit``; None if it diverges."""
    first = {}
    if data["task"] in CLASSIFICATION:
        first["classes"] = np.arange(y.shape[1]) if data["task"] == "multilabel" else np.unique(y)
    try:
        if data["method"] == "fit":
            estimator.fit(X, y, weights)
        else:
            for _ in range(3):
                estimator.partial_fit(X, y, weights, **first)
    except ValueError as error:
        if "non-finite" not in str(error):
            raise
        return None
    finite = all(np.isfinite(array).all() for array in [*estimator.coefs_, *estimator.intercepts_])
    return estimator if finite else None


def distance(one, other):
    """Largest difference in parameters and losses, relative to the largest entry of an array."""
    pairs = zip(
        [*one.coefs_, *one.intercepts_, one.loss_curve_],
        [*other.coefs_, *other.intercepts_, other.loss_curve_],
        strict=True,
    )
    return max(
        np.abs(np.subtract(a, b)).max(initial=0) / max(np.abs(b).max(initial=0), 1e-300)
        for a, b in pairs
    )


def effect_of_rounding(theirs, data, X, y, weights):
    """How far their fit is from itself where X differs by one unit in the last place."""
    rng = np.random.default_rng(0)
    effects = []
    for _ in range(5):
        changed = X.copy()
        entries = changed.data if sparse.issparse(changed) else changed
        entries[...] = np.nextafter(entries, np.inf * rng.choice([-1, 1], entries.shape))
        twin = trained(clone(theirs), data, changed, y, weights)
        if twin is not None and len(twin.loss_curve_) == len(theirs.loss_curve_):
            effects.append(distance(twin, theirs))
    return max(effects)


def not_saturated(theirs, X, task):
    """The rows of which theirs, logarithms of rounded probabilities, are right."""
    if task not in CLASSIFICATION:
        return X
    return X[(theirs.predict_proba(X) > 1e-6).all(axis=1)]


def assert_same_fit(ours, theirs, data, X, y, weights):
    """Return 'same', or that it is so but for the rounding."""
    task = data["task"]
    if data["dtype"] == "float32":
        assert_same_parameters(ours, theirs, 1e-2)
    elif ours.solver == "lbfgs":
        assert_same_parameters(ours, theirs, 1e-5)
        assert_close(ours.loss_, theirs.loss_, 1e-5)
        assert_same_predictions(ours, theirs, X, task, 1e-4)
        assert_same_description(ours, theirs)
    else:
        X_all, X = X, not_saturated(theirs, X, task)
        try:
            assert_same_stochastic_fit(ours, theirs, X, task, rtol=1e-9)
        except AssertionError:
            effect = effect_of_rounding(theirs, data, X_all, y, weights)
            assert_same_stochastic_fit(ours, theirs, X, task, rtol=10 * effect)
            print(f"ours {distance(ours, theirs):.1e}, theirs from itself {effect:.1e}")
            return SAME_BUT_ROUNDING
    return "same"


def outcome(parameters, data):
    """'same', or the name of the difference."""
    X, y, weights = draw_data(data)
    ours, theirs = estimator_pair(data["task"], parameters | {"random_state": data["seed"] % 1000})
    theirs = trained(theirs, data, X, y, weights)
    ours = trained(ours, data, X, y, weights)
    if parameters["learning_rate_init"] > 1 and parameters["solver"] != "lbfgs":
        assert ours is None or ours.early_stopping or theirs is not None
        return "divergence"
    if theirs is None:
        assert ours is None or ours.early_stopping
        return "both diverge"
    if not np.isfinite(getattr(theirs, "loss_curve_", [0.0])).all():
        if ours is not None and not theirs.early_stopping:
            assert_same_parameters(ours, theirs, 1e-7)
        return "a loss of theirs that is NaN"
    assert ours is not None
    reason = difference(parameters, data)
    if reason is not None:
        return reason
    return assert_same_fit(ours, theirs, data, X, y, weights)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_fits_take_the_same_steps(part):
    outcomes = Counter()

    @drawn_with(part)
    @settings(max_examples=FITS)
    @given(case=cases())
    def compare(case):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            for category in (ConvergenceWarning, UserWarning, RuntimeWarning):
                warnings.simplefilter("ignore", category)
            outcomes[outcome(*case)] += 1

    compare()
    print(f"part {part}: {outcomes.total()} fits, {dict(outcomes)}")
    assert outcomes["same"] > 0.3 * outcomes.total()


def test_the_difference_is_what_a_rounding_makes():
    """Ours is about as near to theirs as theirs is to itself for an X that is rounded away."""
    pairs = []

    @drawn_with(PARTS)
    @settings(max_examples=200 if LONG else 40)
    @given(case=cases())
    def measure(case):
        parameters, data = case
        of_interest = parameters["solver"] in STOCHASTIC and data["dtype"] == "float64"
        if not of_interest or difference(*case) or data["task"] == "regression_3":
            return
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            X, y, weights = draw_data(data)
            ours, theirs = estimator_pair(data["task"], parameters | {"random_state": 0})
            theirs = trained(theirs, data, X, y, weights)
            ours = trained(ours, data, X, y, weights)
            if theirs is None or ours is None or not np.isfinite(theirs.loss_curve_).all():
                return
            effect = effect_of_rounding(theirs, data, X, y, weights)
        pairs.append((distance(ours, theirs), effect))
        assert pairs[-1][0] <= 30 * effect + 1e-14

    measure()
    apart, effect = np.array(pairs).T
    print(f"{len(pairs)} fits, apart by at most {apart.max():.1e}, median {np.median(apart):.1e}")
    print(f"a rounding of X makes at most {effect.max():.1e}, median {np.median(effect):.1e}")
