"""skops: TRUSTED_TYPES are all that must be trusted to load an estimator of this package."""

from importlib import import_module

import numpy as np
import pytest
from component_tables import VARIANTS
from scipy import sparse
from sklearn.datasets import make_classification

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    SmoothClipScaler,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.activations import ACTIVATIONS, from_functions
from skbackprop.export import TRUSTED_TYPES
from skbackprop.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationLoss,
    Multinomial,
)
from skbackprop.tabular.embeddings import EMBEDDINGS
from skbackprop.training import SCHEDULES, UPDATE_RULES

sio = pytest.importorskip("skops.io")

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore:learning_rate=.* has no effect"
)

X, y = make_classification(
    n_samples=60, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)
POSITIVE = np.exp(X[:, 0])
COLUMNS = np.column_stack([y, y > 0])
WORDS = np.array([["a", 1], ["b", 2], [None, 3]] * 20, dtype=object)
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 0}
TABLE = {"n_members": 2, "min_steps": 0, **SMALL}

FITS = {
    "three classes": (BackpropClassifier(**SMALL), X, y),
    "two classes": (
        BackpropClassifier(**SMALL, class_weight="balanced", early_stopping=True),
        X,
        y > 0,
    ),
    "labels": (BackpropClassifier(**SMALL), X, (X > 0).astype(int)),
    "to be continued": (BackpropClassifier(**SMALL, warm_start=True), X, y),
    "columns": (BackpropClassifier(**SMALL), X, COLUMNS),
    "texts": (BackpropClassifier(**SMALL), X, np.array(["a", "b", "c"], dtype=object)[y]),
    "two by softmax": (BackpropClassifier(**SMALL, loss=Multinomial()), X, y > 0),
    "table": (TabularClassifier(**TABLE), X, y),
    "table of words": (TabularClassifier(**TABLE), WORDS, COLUMNS),
    "table of numbers": (TabularRegressor(**TABLE), X, POSITIVE),
    "sparse table": (TabularRegressor(**TABLE), sparse.csr_matrix(X), POSITIVE),
    "float32": (BackpropRegressor(**SMALL, dtype="float32", solver="lbfgs"), X, y),
    "functions": (BackpropRegressor(activation=from_functions(np.sin, np.cos), **SMALL), X, y),
    **{
        f"activation {one}": (BackpropRegressor(activation=one, **SMALL), X, y)
        for one in ACTIVATIONS
    },
    **{
        f"loss {one}": (BackpropRegressor(loss=one, **SMALL), X, POSITIVE)
        for one in (*REGRESSION_LOSSES, *VARIANTS.values())
        if not isinstance(one, ClassificationLoss)
    },
    **{
        f"loss {loss} of {name}": (BackpropClassifier(loss=loss, **SMALL), X, target)
        for loss in CLASSIFICATION_LOSSES
        for name, target in {"two": y > 0, "three": y, "columns": COLUMNS}.items()
    },
    **{
        f"embedding {one}": (TabularRegressor(embedding=one, **TABLE), X, POSITIVE)
        for one in EMBEDDINGS
    },
    **{
        f"{solver} {schedule}": (
            BackpropClassifier(
                solver=solver,
                learning_rate=schedule,
                dropout=0.1,
                warm_start=True,
                average=False if schedule == "adaptive" else 0.9,
                **SMALL,
            ),
            X,
            y,
        )
        for solver in UPDATE_RULES
        for schedule in SCHEDULES
    },
}


def round_trip(estimator):
    """Save and load, with the listed types trusted and no other; return the copy."""
    data = sio.dumps(estimator)
    assert set(sio.get_untrusted_types(data=data)) <= set(TRUSTED_TYPES)
    return sio.loads(data, trusted=TRUSTED_TYPES)


def assert_round_trip(net, X=X):
    twin = round_trip(net)
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    assert twin.get_params() == net.get_params()
    assert twin.loss_curve_ == net.loss_curve_
    return twin


@pytest.mark.parametrize("name", FITS)
def test_round_trip(name):
    net, features, target = FITS[name]
    assert_round_trip(net.fit(features, target), features)


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_training_goes_on_after_a_round_trip(solver):
    net = BackpropRegressor(**SMALL, solver=solver, learning_rate_init=1e-4).partial_fit(X, y)
    twin = assert_round_trip(net).partial_fit(X, y)
    np.testing.assert_array_equal(twin.coefs_[0], net.partial_fit(X, y).coefs_[0])


@pytest.mark.parametrize("transformer", [TableEncoder(), SmoothClipScaler()], ids=str)
def test_transformers(transformer):
    data = WORDS if isinstance(transformer, TableEncoder) else X
    twin = round_trip(transformer.fit(data))
    np.testing.assert_array_equal(twin.transform(data), transformer.transform(data))


@pytest.mark.parametrize("name", ["DaskBackpropClassifier", "DaskBackpropRegressor"])
@pytest.mark.filterwarnings("ignore:The 2 partitions are small")
def test_estimators_of_dask(client, name):
    da = pytest.importorskip("dask.array")
    from skbackprop import dask

    data = da.from_array(X, chunks=(30, 5))
    net = getattr(dask, name)(**SMALL, warm_start=True, solver="adam").fit(data, data[:, 0] > 0)
    twin = round_trip(net)
    np.testing.assert_array_equal(twin.predict(data).compute(), net.predict(data).compute())


def test_estimators_that_are_not_fitted():
    for kind in (BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor):
        assert repr(round_trip(kind())) == repr(kind())


@pytest.mark.parametrize("name", TRUSTED_TYPES)
def test_every_trusted_type_exists(name):
    module, _, kind = name.rpartition(".")
    if ".dask." in name:
        pytest.importorskip("distributed")
    assert isinstance(getattr(import_module(module), kind), type)


def sine(Z):
    return np.sin(Z)


def cosine(Z):
    return np.cos(Z)


def test_functions_of_a_user_are_not_trusted():
    net = BackpropRegressor(activation=from_functions(sine, cosine), **SMALL).fit(X, y)
    data = sio.dumps(net)
    assert set(sio.get_untrusted_types(data=data)) - set(TRUSTED_TYPES) == {
        f"{__name__}.sine",
        f"{__name__}.cosine",
    }
    with pytest.raises(TypeError, match="sine"):
        sio.loads(data, trusted=TRUSTED_TYPES)
