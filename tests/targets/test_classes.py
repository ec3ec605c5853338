"""Targets of one class a row: types of labels, weights of classes, two classes by softmax."""

import numpy as np
import pytest
from mistakes import LABELS as TWO_CLASSES
from mistakes import MULTILABEL, assert_refused
from mistakes import X as FEATURES
from sklearn.datasets import make_classification

from skbackprop import BackpropClassifier
from skbackprop.losses import Multinomial, MultinomialBrier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
WORDS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
LABELS = (X > 0).astype(int)
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}
TWO_LAYERS = {"hidden_layer_sizes": (6, 4), "max_iter": 5, "random_state": 0}


@pytest.mark.parametrize(
    ("y", "weights", "words"),
    [(LABELS, [None, None], "2 labels, but y has 3"), (WORDS, [None], "is a list")],
    ids=["too short", "for one label"],
)
def test_class_weights_of_the_wrong_form_are_refused(y, weights, words):
    with pytest.raises(ValueError, match=words):
        BackpropClassifier(**SMALL, class_weight=weights).fit(X, y)


def test_class_weights_of_zero_are_refused():
    with pytest.raises(ValueError, match="give all samples the weight 0"):
        BackpropClassifier(**SMALL, class_weight=dict.fromkeys("abc", 0.0)).fit(X, WORDS)


# ---- types of labels

ADAM = {"hidden_layer_sizes": (8,), "max_iter": 15, "learning_rate_init": 0.01, "random_state": 0}
INSECTS_X, INSECTS_Y = make_classification(
    n_samples=120, n_features=6, n_informative=4, n_classes=3, random_state=0
)
INSECTS = np.array(["ant", "bee", "cow"], dtype=object)


def test_labels_of_pandas_extension_types():
    pandas = pytest.importorskip("pandas")
    names = INSECTS[INSECTS_Y]
    expected = BackpropClassifier(**ADAM).fit(INSECTS_X, names).predict(INSECTS_X)
    for dtype in ("string", "category"):
        net = BackpropClassifier(**ADAM).fit(INSECTS_X, pandas.Series(names, dtype=dtype))
        np.testing.assert_array_equal(net.predict(INSECTS_X), expected)
    integers = BackpropClassifier(**ADAM).fit(INSECTS_X, pandas.Series(INSECTS_Y, dtype="Int64"))
    np.testing.assert_array_equal(INSECTS[integers.predict(INSECTS_X).astype(int)], expected)


# ---- classes by softmax


def test_two_classes_by_softmax():
    net = BackpropClassifier(loss=Multinomial(), **TWO_LAYERS).fit(FEATURES, TWO_CLASSES)
    assert net.coefs_[-1].shape == (4, 2)
    assert net.out_activation_ == "softmax"
    decision, probabilities = net.decision_function(FEATURES), net.predict_proba(FEATURES)
    assert decision.shape == (len(FEATURES),)
    np.testing.assert_allclose(probabilities[:, 1], 1 / (1 + np.exp(-decision)))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(net.predict(FEATURES), (decision > 0).astype(int))


def test_softmax_of_two_classes_reaches_the_logistic_optimum():
    """Without hidden layers both are logistic regressions; half the penalty is on each column."""
    parameters = {"solver": "lbfgs", "tol": 1e-8, "max_iter": 2000, "random_state": 0}
    one = BackpropClassifier((), alpha=1.0, **parameters).fit(FEATURES, TWO_CLASSES)
    two = BackpropClassifier((), alpha=2.0, loss=Multinomial(), **parameters).fit(
        FEATURES, TWO_CLASSES
    )
    np.testing.assert_allclose(
        two.decision_function(FEATURES), one.decision_function(FEATURES), atol=1e-5
    )


def test_one_class_by_softmax():
    net = BackpropClassifier(loss=Multinomial(), **TWO_LAYERS).fit(
        FEATURES, np.ones(len(FEATURES))
    )
    np.testing.assert_array_equal(net.predict_proba(FEATURES), 1)


@pytest.mark.parametrize("loss", [Multinomial(), MultinomialBrier()])
def test_softmax_of_several_labels_is_refused(loss):
    error = assert_refused(
        BackpropClassifier(loss=loss, **TWO_LAYERS), lambda net: net.fit(FEATURES, MULTILABEL)
    )
    assert isinstance(error, ValueError)
    assert repr(loss) in str(error)


# ---- labels that are missing

FEW_ROWS = np.random.default_rng(0).normal(size=(20, 3))
THREE_CLASSES = np.arange(20) % 3
TWO_EPOCHS = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}


def test_nan_in_labels_of_partial_fit_is_refused():
    """NumPy warned of an invalid cast before the error."""
    with pytest.raises(ValueError, match="NaN"):
        BackpropClassifier(**TWO_EPOCHS).partial_fit(
            FEW_ROWS, np.where(THREE_CLASSES > 1, np.nan, THREE_CLASSES), classes=[0, 1]
        )
