"""Frames of pandas and polars as input, and what their column names are checked against."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ADAM = {"hidden_layer_sizes": (8,), "max_iter": 15, "learning_rate_init": 0.01, "random_state": 0}

X, y = make_classification(
    n_samples=120, n_features=6, n_informative=4, n_classes=3, random_state=0
)
WEIGHTS = np.random.default_rng(0).uniform(0.1, 3.0, size=len(y))
NAMES = [f"x{i}" for i in range(X.shape[1])]
LABELS = np.arange(20) % 3
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}


def assert_same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


def numbers_frame(library):
    """X as a frame, and y and the weights as its library's series."""
    frames = pytest.importorskip(library)
    return frames.DataFrame(dict(zip(NAMES, X.T))), frames.Series(y), frames.Series(WEIGHTS)


def mixed_frame(library):
    """X with a column of text beside it."""
    frames = pytest.importorskip(library)
    colours = np.array(["red", "green", "blue"])[np.arange(len(y)) % 3].tolist()
    return frames.DataFrame(dict(zip(NAMES, X.T)) | {"colour": colours})


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output_frames(library):
    frame = mixed_frame(library)
    columns = make_column_transformer(
        (StandardScaler(), ["x0", "x1", "x2"]),
        (OneHotEncoder(sparse_output=False), ["colour"]),
        verbose_feature_names_out=False,
    )
    arrays = make_pipeline(columns, BackpropClassifier(**ADAM)).fit(frame, y)
    frames = clone(arrays).set_output(transform=library).fit(frame, y)

    assert_same(frames.predict_proba(frame), arrays.predict_proba(frame))
    assert list(frames[-1].feature_names_in_) == list(frames[:-1].get_feature_names_out())
    assert not hasattr(arrays[-1], "feature_names_in_")


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("estimator_class", [BackpropClassifier, BackpropRegressor])
def test_frames_and_their_columns_as_input(library, estimator_class):
    frame, target, weights = numbers_frame(library)
    from_frame = estimator_class(**ADAM).fit(frame, target, sample_weight=weights)
    from_array = estimator_class(**ADAM).fit(X, y, sample_weight=WEIGHTS)
    assert list(from_frame.feature_names_in_) == NAMES
    assert_same(from_frame.predict(frame), from_array.predict(X))

    with pytest.raises(ValueError, match="feature names should match"):
        from_frame.predict(frame[NAMES[::-1]])
    with pytest.raises(ValueError, match="feature names should match"):
        from_frame.partial_fit(frame[NAMES[::-1]], target)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        from_frame.predict(X)
    with pytest.warns(UserWarning, match="X has feature names, but"):
        from_array.predict(frame)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_frames_as_validation_data(library):
    frame, target, _ = numbers_frame(library)
    net = BackpropClassifier(**ADAM, early_stopping=True)
    net.fit(frame, target, X_val=frame, y_val=target)
    assert len(net.validation_scores_) == net.n_iter_
    with pytest.raises(ValueError, match="feature names should match"):
        net.fit(frame, target, X_val=frame[NAMES[::-1]], y_val=target)


def test_sparse_from_a_column_transformer():
    frame = mixed_frame("pandas")
    columns = make_column_transformer(
        (OneHotEncoder(), ["colour"]), ("passthrough", ["x0", "x1"]), sparse_threshold=1.0
    )
    pipeline = make_pipeline(columns, BackpropClassifier(**ADAM)).fit(frame, y)
    transformed = columns.fit_transform(frame)
    assert sp.issparse(transformed)
    dense = BackpropClassifier(**ADAM).fit(transformed.toarray(), y)
    assert_same(pipeline.predict_proba(frame), dense.predict_proba(transformed.toarray()))


@pytest.mark.parametrize("estimator_class", [BackpropClassifier, BackpropRegressor])
def test_frame_without_columns_is_refused(estimator_class):
    """The error spoke of dtypes."""
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(20, 0\)\)"):
        estimator_class(**SMALL).fit(pd.DataFrame(index=range(20)), LABELS)
