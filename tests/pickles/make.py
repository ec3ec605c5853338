"""Write the pickles of this version, a file for each solver and estimator, and what they predict.

Those for tables have no solver, and are not fitted further.

Run before a release: ``python tests/pickles/make.py``. Files of other versions stay.
"""

import json
import pickle
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

import skbackprop
from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularClassifier,
    TabularRegressor,
)

FOLDER = Path(__file__).parent

# No random numbers: the data are the same with every version of NumPy.
X = np.sin(np.arange(120.0) ** 1.5).reshape(30, 4)
TARGETS = {
    BackpropClassifier: np.array(["a", "b", "c"])[np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])],
    BackpropRegressor: X[:, 0] - X[:, 1] * X[:, 2],
}
SOLVERS = ["adam", "lbfgs", "sgd"]

# Numbers with holes, and words.
TABLE = np.column_stack(
    [np.where(X < -0.9, np.nan, X).astype(object), TARGETS[BackpropClassifier]]
)
OF_TABLES = {
    TabularClassifier: TARGETS[BackpropClassifier][::-1],
    TabularRegressor: TARGETS[BackpropRegressor],
}


def predictions(net):
    """Numbers that change with every parameter."""
    method = net.predict_proba if hasattr(net, "predict_proba") else net.predict
    return method(TABLE if type(net) in OF_TABLES else X)


def fit_further(net):
    """Go on with the fit of a pickled estimator."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return net.fit(X, TARGETS[type(net)])


def make(estimator_class, solver):
    """Write the two files of an estimator."""
    net = estimator_class(
        (3,), "tanh", solver=solver, max_iter=3, alpha=0.1, batch_size=10, random_state=0
    )
    fit_further(net.set_params(warm_start=True))
    path = FOLDER / f"{estimator_class.__name__}-{solver}-{skbackprop.__version__}.pkl"
    path.write_bytes(pickle.dumps(net, protocol=5))
    loaded = predictions(net).tolist()
    numbers = {"loaded": loaded, "fitted further": predictions(fit_further(net)).tolist()}
    path.with_suffix(".json").write_text(json.dumps(numbers) + "\n", encoding="utf-8")


def make_of_tables(estimator_class):
    """Write the two files of an estimator for tables."""
    net = estimator_class(2, (3,), max_iter=3, min_steps=0, random_state=0)
    net.fit(TABLE, OF_TABLES[estimator_class])
    path = FOLDER / f"{estimator_class.__name__}-{skbackprop.__version__}.pkl"
    path.write_bytes(pickle.dumps(net, protocol=5))
    numbers = {"loaded": predictions(net).tolist()}
    path.with_suffix(".json").write_text(json.dumps(numbers) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for estimator_class in TARGETS:
        for solver in SOLVERS:
            make(estimator_class, solver)
    for estimator_class in OF_TABLES:
        make_of_tables(estimator_class)
