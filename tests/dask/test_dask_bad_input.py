"""Mistakes in the data of a fit on a cluster: what is said, and an estimator as before."""

import pickle

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.model_selection import GroupKFold

from skbackprop.dask import DaskBackpropClassifier, DaskBackpropRegressor
from skbackprop.losses import Quantile

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
]

X = np.random.default_rng(0).normal(size=(60, 3))
LABELS = np.where(X[:, 0] > 0, "a", "b")
NUMBERS = X[:, 1]
SMALL = {"hidden_layer_sizes": (3,), "solver": "lbfgs", "max_iter": 2, "random_state": 0}


def cut(array, rows=20):
    return da.from_array(array, chunks=(rows, *array.shape[1:]))


def frame(array, n_parts=3):
    return dd.from_pandas(pd.DataFrame(array).rename(columns=str), npartitions=n_parts)


MISTAKES = {
    "y of other length": (lambda: {"X": cut(X), "y": cut(NUMBERS[:50])}, "y has 50"),
    "plain y of other length": (lambda: {"X": cut(X), "y": NUMBERS[:50]}, "y has 50"),
    "plain data of other lengths": (lambda: {"X": X, "y": NUMBERS[:50]}, "inconsistent numbers"),
    "a collection for y alone": (lambda: {"X": X, "y": cut(NUMBERS)}, "but X is not"),
    "plain y for a frame": (lambda: {"X": frame(X), "y": NUMBERS}, "unknown lengths"),
    "other partitions": (lambda: {"X": frame(X), "y": frame(NUMBERS, 2)}, "different numbers"),
    "weights of zero": (
        lambda: {"X": cut(X), "y": cut(NUMBERS), "sample_weight": cut(np.zeros(60))},
        "at least one non-zero",
    ),
    "negative weights": (
        lambda: {"X": cut(X), "y": cut(NUMBERS), "sample_weight": cut(NUMBERS)},
        "egative",
    ),
    "NaN": (lambda: {"X": cut(np.where(X > 2, np.nan, X)), "y": cut(NUMBERS)}, "NaN"),
    "sparse y": (
        lambda: {"X": cut(X), "y": cut(X[:, :1]).map_blocks(sparse.csr_array)},
        "sparse",
    ),
    "y_val of other width": (
        lambda: {"X": cut(X), "y": cut(NUMBERS), "X_val": cut(X), "y_val": cut(X[:, :2])},
        "Invalid X_val, y_val",
    ),
}


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_changes_nothing(client, mistake, fitted):
    net = DaskBackpropRegressor(**SMALL)
    if fitted:
        net.fit(cut(X[:, :2]), cut(NUMBERS))
    before = pickle.dumps(net)
    data, words = MISTAKES[mistake]
    with pytest.raises((ValueError, TypeError), match=words):
        net.fit(**data())
    assert pickle.dumps(net) == before


def test_splits_of_rows_are_refused(client):
    """Rows lie on the workers; validation rows of one's own are ``X_val``."""
    net = DaskBackpropClassifier(**SMALL, early_stopping=True, validation=GroupKFold(3))
    before = pickle.dumps(net)
    with pytest.raises(ValueError, match=r"validation=.*whole partitions.* X_val and y_val"):
        net.fit(cut(X), cut(LABELS), groups=np.arange(60) // 5)
    assert pickle.dumps(net) == before


def test_class_weights_of_zero_are_refused(client):
    net = DaskBackpropClassifier(**SMALL, class_weight={"a": 0.0, "b": 0.0})
    with pytest.raises(ValueError, match="give all samples the weight 0"):
        net.fit(cut(X), cut(LABELS))
    assert not hasattr(net, "classes_")


def test_a_target_cut_in_another_way_is_cut_like_the_features(client):
    nets = [DaskBackpropRegressor(**SMALL).fit(cut(X), cut(NUMBERS, rows)) for rows in (20, 13)]
    np.testing.assert_array_equal(*[net.coefs_[0] for net in nets])


def test_divergence_names_the_largest_feature(client):
    net = DaskBackpropRegressor(
        (3,), solver="sgd", learning_rate_init=1e200, batch_size=60, max_iter=9
    )
    with pytest.raises(ValueError, match="largest absolute value of X is 300"):
        net.fit(cut(np.vstack([X[:-1], [[1.0, -300.0, 1.0]]])), cut(NUMBERS))


def test_quantiles_of_several_targets_are_columns_of_a_frame(client):
    net = DaskBackpropRegressor(**SMALL, loss=Quantile((0.1, 0.9)))
    predicted = net.fit(frame(X), frame(X[:, :2])).predict(frame(X)).compute()
    expected = net.to_local().predict(frame(X).compute())
    np.testing.assert_array_equal(predicted.to_numpy(), expected.reshape(60, 4))


def test_predictions_of_several_outputs_keep_a_frames_index(client):
    levels = DaskBackpropRegressor(**SMALL, loss="quantile").fit(frame(X), frame(NUMBERS)["0"])
    predicted = levels.predict(frame(X)).compute()
    np.testing.assert_array_equal(predicted.index, frame(X).compute().index)
    np.testing.assert_array_equal(
        predicted.to_numpy().ravel(), levels.to_local().predict(frame(X).compute()).ravel()
    )
