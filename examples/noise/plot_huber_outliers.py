"""
===========================================
Gross outliers: Huber against squared error
===========================================

One target in twenty is wrong by a lot: a slipped decimal point, a sensor that was off. The squared
error of such a row is as large as that of hundreds of others, and the network bends to it. The
Huber loss [1]_ grows linearly from ``delta`` on, so that the pull of a row is bounded.

.. [1] Huber (1964), "Robust estimation of a location parameter", Annals of Mathematical Statistics
   35:73-101.
"""

# %%
# Data
# ----
#
# Friedman's first function, with normal noise; then 5 % of the training targets are moved by ten
# times the standard deviation of the targets, up or down. Test targets are free of noise.

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
# ``delta`` is about 1.35 times the standard deviation of the ordinary noise, here 0.2 in units of
# the spread.

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


errors = {(name, kind): [] for name in LOSSES for kind in ("clean", "5 % outliers")}
for seed in SEEDS:
    X, clean, spoilt, X_test, y_test = draw(seed)
    for name, loss in LOSSES.items():
        errors[name, "clean"].append(test_error(loss, X, clean, X_test, y_test))
        errors[name, "5 % outliers"].append(test_error(loss, X, spoilt, X_test, y_test))

means = {key: float(np.mean(values)) for key, values in errors.items()}
for (name, kind), mean in means.items():
    print(f"{name:<15} {kind:<13} error {mean:.3f}")

# %%
# The figure
# ----------
#
# Each point is one data set. Without outliers squared error is a little better, as it should be
# where the noise is normal; with them it is several times worse.

try:
    import matplotlib.pyplot as plt
except ImportError:
    print("matplotlib is not installed: no figure")
else:
    figure, axes = plt.subplots(1, 2, figsize=(8, 3.6), sharey=True, layout="constrained")
    for ax, kind in zip(axes, ("clean", "5 % outliers")):
        for i, name in enumerate(LOSSES):
            values = errors[name, kind]
            ax.bar(i, np.mean(values), width=0.6, color="lightsteelblue")
            ax.plot(np.full(len(values), i), values, ".", color="black")
        ax.set_xticks(range(len(LOSSES)), LOSSES)
        ax.set_title(f"training targets: {kind}")
    axes[0].set_ylabel("test error\n(standard deviations of the target)")
    figure.savefig("huber_outliers.png", dpi=120)
    print("figure: huber_outliers.png")
