"""
===========================================
Gross outliers: Huber against squared error
===========================================

One target in twenty is grossly wrong: a slipped decimal point, a broken sensor. With the squared
error, one such row counts as much as hundreds of others. The Huber loss [1]_ is linear beyond
``delta``, which bounds the influence of a row: the test error is less than a quarter.

.. [1] Huber (1964), "Robust estimation of a location parameter", Annals of Mathematical Statistics
   35:73-101.
"""

# %%
# Data
# ----
#
# Friedman's first function with normal noise. In a second version, 5% of the training targets are
# moved up or down by ten standard deviations. The test targets have no noise.

import warnings

import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropRegressor
from skbackprop.losses import Huber

warnings.filterwarnings("ignore", category=ConvergenceWarning)

SHARE = 0.05
SEEDS = range(3)


def draw(seed):
    """Training data with and without outliers, test data; targets in units of their spread."""
    X, y = make_friedman1(n_samples=1000, noise=1.0, random_state=seed)
    X_test, y_test = make_friedman1(n_samples=2000, noise=0.0, random_state=100 + seed)
    center, spread = y.mean(), y.std()
    clean = (y - center) / spread
    rng = np.random.default_rng(seed)
    outliers = rng.uniform(size=len(y)) < SHARE
    spoilt = clean + outliers * rng.choice([-10.0, 10.0], size=len(y))
    return X, clean, spoilt, X_test, (y_test - center) / spread


# %%
# Fits
# ----
#
# ``delta`` is about 1.35 times the standard deviation of the ordinary noise, which is 0.2 here.

LOSSES = {
    "squared_error": "squared_error",
    "Huber(0.27)": Huber(delta=0.27),
    "absolute_error": "absolute_error",
}


def test_error(loss, X, y, X_test, y_test):
    """Root mean squared error against the noise-free function."""
    model = BackpropRegressor(
        (50,),
        activation="tanh",
        loss=loss,
        learning_rate_init=0.01,
        max_iter=400,
        n_iter_no_change=400,
        random_state=0,
    )
    return float(np.sqrt(np.mean((model.fit(X, y).predict(X_test) - y_test) ** 2)))


errors = {(name, kind): [] for name in LOSSES for kind in ("clean", "5% outliers")}
for seed in SEEDS:
    X, clean, spoilt, X_test, y_test = draw(seed)
    for name, loss in LOSSES.items():
        errors[name, "clean"].append(test_error(loss, X, clean, X_test, y_test))
        errors[name, "5% outliers"].append(test_error(loss, X, spoilt, X_test, y_test))

means = {key: float(np.mean(values)) for key, values in errors.items()}
for (name, kind), mean in means.items():
    print(f"{name:<15} {kind:<13} error {mean:.3f}")

# %%
# The figure
# ----------
#
# Each point is one data set. Without outliers the squared error is a little better, as expected
# for normal noise; with outliers it is several times worse.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharey=True, layout="constrained")
for ax, kind in zip(axes, ("clean", "5% outliers")):
    for i, name in enumerate(LOSSES):
        values = errors[name, kind]
        ax.bar(i, np.mean(values), width=0.6, color="lightsteelblue")
        ax.plot(np.full(len(values), i), values, ".", color="black")
    ax.set_xticks(range(len(LOSSES)), LOSSES)
    ax.set_title(f"training targets: {kind}")
axes[0].set_ylabel("test error\n(standard deviations of the target)")
plt.show()
