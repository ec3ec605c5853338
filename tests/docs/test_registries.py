"""Whatever is registered works everywhere: fits, inspection, summary, export, copies.

A component that is added to a registry is walked without a change here.
"""

import pickle
import re
from typing import ClassVar

import numpy as np
import pytest
from component_tables import make_layer
from scipy import sparse
from sklearn.base import clone, is_classifier

from skbackprop import BackpropClassifier, BackpropRegressor, TabularRegressor
from skbackprop.activations import ACTIVATIONS
from skbackprop.inspection import backpropagate, check_gradient, input_gradient, layer_outputs
from skbackprop.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES
from skbackprop.network import LAYERS, Network
from skbackprop.tabular.embeddings import EMBEDDINGS
from skbackprop.training import SCHEDULES, UPDATE_RULES
from skbackprop.utils import with_shared_parameters

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SOLVERS = ["lbfgs", *UPDATE_RULES]
SMALL = {"hidden_layer_sizes": (5, 4), "max_iter": 4, "random_state": 0}
IN_SCIKIT_LEARN = {"identity", "logistic", "tanh", "relu"}

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 4))
POSITIVE = np.exp(X[:, 0] / 2) + 0.1
LABELS = {"two": (X[:, 0] > 0).astype(int), "three": np.digitize(X[:, 0], [-0.5, 0.5])}
WEIGHTS = RNG.uniform(0.5, 2.0, size=40)

every_solver = pytest.mark.parametrize("solver", SOLVERS)


def walk(net, y):
    """Fit, and look at the network from all sides; return the fitted estimator."""
    net = clone(net).fit(X, y)
    assert np.isfinite(net.loss_curve_).all()
    twin = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    assert repr(clone(net)) == repr(net)
    for dtype in (np.float64, np.float32):
        data = X.astype(dtype)
        again = clone(net).fit(data, y, WEIGHTS)
        assert again.coefs_[0].dtype == dtype
        assert is_classifier(net) or again.predict(data).dtype == dtype
    look_inside(net, y)
    assert_exported_or_refused(net)
    return net


def look_inside(net, y):
    """Inspection and the summary."""
    assert check_gradient(net, X, y, WEIGHTS, random_state=0).ok(1e-6)
    passes = backpropagate(net, X, y)
    outputs = layer_outputs(net, X)
    assert (
        len(passes.deltas) == len(passes.preactivations) == len(outputs) + 1 == net.n_layers_ - 1
    )
    for activations, output in zip(passes.activations, outputs):
        np.testing.assert_allclose(activations, output, rtol=1e-12)
    np.testing.assert_array_equal(net.transform(X), outputs[-1])
    assert np.isfinite(passes.input_gradient).all()
    gradient = input_gradient(net, X)
    assert gradient.shape[::2] == X.shape or gradient.shape == X.shape
    assert_slope_is_that_of_the_output(net)
    line, _, *table = net.summary().splitlines()
    assert line.startswith("4 -> ")
    assert len(table) == net.n_layers_ + 1


def assert_slope_is_that_of_the_output(net):
    """Of the raw prediction: along a random direction, summed over rows and outputs."""
    direction = np.random.default_rng(1).normal(size=4)
    above, below = (net._raw_prediction(X + sign * 1e-6 * direction)[0] for sign in (1, -1))
    slopes = [
        input_gradient(net, X, output=output) @ direction for output in net._target.default_outputs
    ]
    expected = ((above - below) / 2e-6).sum(axis=1)
    np.testing.assert_allclose(np.sum(slopes, axis=0), expected, rtol=1e-5, atol=1e-6)


def assert_exported_or_refused(net):
    """The same predictions, or an error that says what cannot be expressed."""
    try:
        mlp = net.to_sklearn()
    except ValueError as error:
        refused = str(error)
    else:
        for method in ("predict", "predict_proba") if is_classifier(net) else ("predict",):
            ours, theirs = getattr(net, method)(X), getattr(mlp, method)(X)
            np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)
        mlp.set_params(max_iter=2).fit(X, LABELS["three"])  # it is one that works
        return
    assert re.match(r"MLP(Classifier|Regressor) cannot express \w+", refused)
    assert_refusal_is_true(net, refused)


def assert_refusal_is_true(net, refused):
    """What is named is what scikit-learn does not have."""
    if "layers of kind" in refused:
        assert isinstance(net, WithLayer)
    elif "activation=" in refused:
        assert repr(net.activation) in refused
        assert net.activation not in IN_SCIKIT_LEARN
    else:
        assert repr(net.loss) in refused


# ---- activations and losses


@every_solver
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation(name, solver):
    net = walk(BackpropRegressor(activation=name, solver=solver, **SMALL), POSITIVE)
    assert net.summary().startswith(f"4 -> 5 {name} -> 4 {name} -> 1 identity")
    np.testing.assert_allclose(net.predict(sparse.csr_array(X)), net.predict(X))


@every_solver
@pytest.mark.parametrize("name", REGRESSION_LOSSES)
def test_every_loss_of_the_regressor(name, solver):
    net = walk(BackpropRegressor(activation="tanh", loss=name, solver=solver, **SMALL), POSITIVE)
    assert net.summary().splitlines()[-1].split()[2] == net.out_activation_
    columns = np.column_stack([POSITIVE, POSITIVE + 1])
    assert clone(net).fit(X, columns).predict(X).shape == columns.shape


@every_solver
@pytest.mark.parametrize("classes", LABELS)
@pytest.mark.parametrize("name", CLASSIFICATION_LOSSES)
def test_every_loss_of_the_classifier(name, classes, solver):
    net = BackpropClassifier(activation="tanh", loss=name, solver=solver, **SMALL)
    net = walk(net, LABELS[classes])
    assert net.out_activation_ == ("logistic" if classes == "two" else "softmax")


# ---- how training goes


@pytest.mark.parametrize("solver", UPDATE_RULES)
@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule(name, solver):
    solver = "sgd" if SCHEDULES[name].sgd_only else solver
    net = BackpropRegressor(activation="tanh", learning_rate=name, solver=solver, **SMALL)
    net = walk(net, POSITIVE)
    assert net.to_sklearn().learning_rate == (
        name if SCHEDULES[name].in_scikit_learn else "constant"
    )
    if not SCHEDULES[name].in_scikit_learn:
        with pytest.raises(ValueError, match=f"learning_rate='{name}' and solver='lbfgs'"):
            clone(net).set_params(solver="lbfgs").fit(X, POSITIVE)


@pytest.mark.parametrize("average", [False, 0.9])
@pytest.mark.parametrize("name", UPDATE_RULES)
def test_every_update_rule(name, average):
    settings = {"activation": "tanh", "solver": name, "average": average, "weight_decay": 0.01}
    walk(BackpropClassifier(**settings, **SMALL), LABELS["two"])
    net = walk(BackpropRegressor(**settings, **SMALL, learning_rate_init=0.01), POSITIVE)
    assert net.loss_curve_[-1] < net.loss_curve_[0]
    parts = clone(net)
    for _ in range(SMALL["max_iter"]):
        parts.partial_fit(X, POSITIVE)
    assert parts.loss_curve_ == net.loss_curve_
    assert_exported_or_refused(parts)
    parts.to_sklearn().partial_fit(X, POSITIVE)
    before = net.set_params(warm_start=True).fit(X, POSITIVE).loss_curve_[-1]
    assert net.fit(X, POSITIVE).loss_curve_[-1] < before


# ---- layers


@with_shared_parameters
class WithLayer(BackpropRegressor):
    """A network with one more layer, of any kind, below the others.

    Parameters
    ----------
    kind : str
        Name of the kind.
    """

    _allowed_values: ClassVar = BackpropRegressor._allowed_values | {"kind": [str]}

    def __init__(self, *layers, kind="dense", **shared):
        super().__init__(*layers, **shared)
        self.kind = kind

    def _new_network(self, n_features, target):
        layer = make_layer(self.kind, n_features)
        above = super()._new_network(layer.fan_out, target)
        return Network([layer, *above.layers], above.dropout and [0.0, *above.dropout])


@every_solver
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer(name, solver):
    net = WithLayer(kind=name, activation="tanh", solver=solver, **SMALL)
    net = walk(net, POSITIVE)
    first = net.summary().splitlines()[4].split()
    assert first[3] == make_layer(name, 4).description
    warm = clone(net).set_params(warm_start=True).fit(X, POSITIVE).fit(X, POSITIVE)
    assert warm.loss_curve_[-1] < warm.loss_curve_[0]
    changed = [2 * coef for coef in net.coefs_]
    before, net.coefs_ = net.predict(X), changed
    assert not np.allclose(net.predict(X), before)
    net.coefs_ = changed[:-1]
    with pytest.raises(ValueError, match=r"coefs_ and intercepts_ have shapes .* layers need"):
        net.predict(X)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", EMBEDDINGS)
def test_every_embedding(name):
    """In the estimators for tables, by its name."""
    settings = {"n_members": 2, "hidden_layer_sizes": (6,), "min_steps": 30, "max_iter": 20}
    net = TabularRegressor(embedding=name, random_state=0, **settings)
    net = pickle.loads(pickle.dumps(clone(net).fit(X, POSITIVE)))
    for member in net.members_:
        assert len(member.network.network.layers) > 2
    assert net.loss_curve_[-1] < net.loss_curve_[0]
    assert net.predict(X).shape == (40,)
    plain = clone(net).set_params(embedding=None).fit(X, POSITIVE)
    assert not np.allclose(plain.predict(X), net.predict(X))


# ---- names


NAMES = {
    "activation": (BackpropRegressor, ACTIVATIONS),
    "loss": (BackpropRegressor, REGRESSION_LOSSES),
    "loss of classes": (BackpropClassifier, CLASSIFICATION_LOSSES),
    "learning_rate": (BackpropRegressor, SCHEDULES),
    "solver": (BackpropClassifier, UPDATE_RULES),
    "embedding": (TabularRegressor, EMBEDDINGS),
}
EVERY_NAME = [(parameter, name) for parameter, (_, names) in NAMES.items() for name in names]


@pytest.mark.parametrize(("parameter", "name"), EVERY_NAME)
def test_a_name_that_is_misspelt_is_suggested(parameter, name):
    estimator_class, _ = NAMES[parameter]
    parameter = parameter.split()[0]
    net = estimator_class(**{parameter: f"{name}_"})
    with pytest.raises(ValueError, match=rf"'{parameter}' parameter .* mean '{name}'\?"):
        net.fit(X, LABELS["two"])
