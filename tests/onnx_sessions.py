"""Runs ONNX models on what their estimators predict of, and compares the two."""

import numpy as np
import pytest
from sklearn.base import is_classifier

TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64}


def is_missing(cell):
    return cell is None or type(cell).__name__ == "NAType" or cell != cell


def column_of(X, name, kind):
    """A column of a frame as an input."""
    cells = X[name].to_list()
    if kind == "tensor(string)":
        cells = ["" if is_missing(cell) else str(cell) for cell in cells]
        return np.array(cells, dtype=object)[:, np.newaxis]
    cells = [np.nan if is_missing(cell) else cell for cell in cells]
    return np.array(cells, dtype=TYPES[kind])[:, np.newaxis]


def session_of(model):
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return ort.InferenceSession(model.SerializeToString(), options)


def inputs_for(session, X):
    """What a session is to be given: a frame by columns, an array as it is."""
    inputs = session.get_inputs()
    if hasattr(X, "columns"):
        return {one.name: column_of(X, one.name, one.type) for one in inputs}
    (only,) = inputs
    return {only.name: np.asarray(X, TYPES[only.type])}


def run(model, X, *, one_by_one=False):
    """Outputs of a model by name, of all rows at once or of each alone."""
    session = session_of(model)
    names = [output.name for output in session.get_outputs()]
    inputs = inputs_for(session, X)
    if not one_by_one:
        return dict(zip(names, session.run(None, inputs), strict=True))
    rows = [
        session.run(None, {name: values[[i]] for name, values in inputs.items()})
        for i in range(len(X))
    ]
    return {name: np.concatenate(own) for name, own in zip(names, zip(*rows), strict=True)}


def assert_same(estimator, model, X):
    """The model predicts what the estimator does, in a batch and row by row."""
    for one_by_one in (False, True):
        outputs = run(model, X, one_by_one=one_by_one)
        if is_classifier(estimator):
            assert_same_classes(estimator, outputs, X)
        else:
            assert_same_numbers(estimator, outputs, X)


def assert_same_classes(estimator, outputs, X):
    expected, found = estimator.predict_proba(X), outputs["probabilities"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    same = np.asarray(outputs["label"] == estimator.predict(X))
    if expected.shape == same.shape:  # of several labels
        assert (same | (np.abs(expected - 0.5) < 1e-5)).all()
        return
    two = np.sort(expected, axis=1)[:, -2:]
    assert (same | (two[:, -1] - two[:, 0] < 2e-5)).all()


def assert_same_numbers(estimator, outputs, X):
    expected = estimator.predict(X)
    scale = np.std(expected) + np.abs(expected).max() * 1e-2
    found = outputs["variable"].reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * scale)
    if "std" in outputs:
        std = estimator.predict(X, return_std=True)[1]
        found = outputs["std"].reshape(std.shape)
        np.testing.assert_allclose(found, std, rtol=1e-4, atol=1e-5 * scale)
