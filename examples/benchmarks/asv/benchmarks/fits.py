"""Fits: by minibatches and by L-BFGS, of a stream, of a grid and of a table; time and memory.

Times are of the processor, which other programs on the machine disturb less than those by the
clock. Each fit makes a fixed number of steps, so that an early stop does not pass for speed.
"""

import time
import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, TabularClassifier

ADAM = {"tol": 0.0, "n_iter_no_change": 1000, "random_state": 0}


def classification(n_rows, n_features, n_classes):
    """Normal features; classes by a random network."""
    rng = np.random.RandomState(0)
    X = rng.randn(n_rows, n_features)
    hidden = np.tanh(X @ rng.randn(n_features, 32) / np.sqrt(n_features))
    return X, (hidden @ rng.randn(32, n_classes)).argmax(axis=1)


class _Quiet:
    timer = time.process_time
    number = 1
    rounds = 2
    repeat = (3, 5, 10.0)
    timeout = 300.0

    def setup(self, *params):
        warnings.simplefilter("ignore", ConvergenceWarning)
        self.prepare(*params)


class Minibatches(_Quiet):
    """Adam: many small steps, where calls count; few large ones, where products do."""

    params = ("small", "large")
    param_names = ("shape",)

    def prepare(self, shape):
        if shape == "small":
            self.data = classification(500, 20, 3)
            self.model = BackpropClassifier((100,), max_iter=100, **ADAM)
        else:
            self.data = classification(10_000, 100, 10)
            self.model = BackpropClassifier((256, 128), max_iter=2, **ADAM)

    def time_fit(self, shape):
        self.model.fit(*self.data)


class Memory:
    """The largest memory of a process that imports the package and fits many rows."""

    timeout = 300.0

    def setup(self):
        warnings.simplefilter("ignore", ConvergenceWarning)
        self.data = classification(50_000, 100, 10)

    def peakmem_fit(self):
        BackpropClassifier((256, 128), max_iter=1, **ADAM).fit(*self.data)

    def peakmem_fit_lbfgs(self):
        BackpropClassifier((256, 128), solver="lbfgs", max_iter=2).fit(*self.data)


class FullBatch(_Quiet):
    """L-BFGS."""

    def prepare(self):
        self.data = classification(20_000, 30, 3)
        self.model = BackpropClassifier(
            (64, 64), solver="lbfgs", max_iter=8, tol=0.0, random_state=0
        )

    def time_fit(self):
        self.model.fit(*self.data)


class Stream(_Quiet):
    """100 calls of ``partial_fit`` with 200 rows each."""

    def prepare(self):
        X, y = classification(20_000, 30, 3)
        self.parts = list(zip(np.split(X, 100), np.split(y, 100), strict=True))

    def time_partial_fit(self):
        model = BackpropClassifier((64,), random_state=0)
        for X, y in self.parts:
            model.partial_fit(X, y, classes=[0, 1, 2])


class Grid(_Quiet):
    """A grid search of 12 fits, where what surrounds a fit counts."""

    def prepare(self):
        self.data = classification(300, 10, 3)
        model = BackpropClassifier((20,), max_iter=20, **ADAM)
        self.search = GridSearchCV(model, {"alpha": [1e-4, 1e-3, 1e-2, 1e-1]}, cv=3, refit=False)

    def time_search(self):
        self.search.fit(*self.data)


class Table(_Quiet):
    """A table of 2,000 rows with numbers, categories and missing values."""

    def prepare(self):
        X, self.y = classification(2_000, 8, 3)
        X[::7, 0] = np.nan
        self.table = pd.DataFrame(X, columns=[*"abcdefgh"])
        self.table["kind"] = pd.Categorical(np.array([*"pqrst"])[np.arange(2_000) % 5])
        self.model = TabularClassifier(n_members=2, max_iter=4, min_steps=0, random_state=0)

    def time_fit(self):
        self.model.fit(self.table, self.y)
