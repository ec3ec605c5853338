"""
===========================================
Quantile bands: one network, several levels
===========================================

With ``loss=Quantile((0.1, 0.5, 0.9))`` one network predicts three quantiles of the target. The
outer two form a band for eight targets out of ten, whose width follows the noise. It assumes no
normal distribution.

The data are accelerations of a dummy's head in a simulated motorcycle crash [1]_. There is little
noise before the impact and a lot after it.

.. [1] Silverman (1985), "Some aspects of the spline smoothing approach to non-parametric
   regression curve fitting", Journal of the Royal Statistical Society B 47:1-52.
"""

# %%
# Data and network
# ----------------
#
# Input and target are scaled to about one first. The fit runs for all its epochs, because the
# quantile loss falls in small steps long before it has converged.

import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import RepeatedKFold

from skbackprop import BackpropRegressor
from skbackprop.losses import Quantile

warnings.filterwarnings("ignore", category=ConvergenceWarning)

LEVELS = (0.1, 0.5, 0.9)
G_PER_UNIT, MS_PER_UNIT = 50.0, 15.0

path = Path(sys.argv[0]).parents[1] / "data" / "mcycle.csv"
times, accelerations = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
X, y = times[:, np.newaxis] / MS_PER_UNIT - 2, accelerations / G_PER_UNIT


def fit(X, y):
    """A network for the three quantiles."""
    return BackpropRegressor(
        (20,),
        activation="tanh",
        loss=Quantile(LEVELS),
        alpha=0.1,
        learning_rate_init=0.03,
        max_iter=1000,
        n_iter_no_change=1000,
        random_state=0,
    ).fit(X, y)


# %%
# Coverage on unseen rows
# -----------------------
#
# On its training rows, any band looks good. Three times ten-fold cross-validation predicts each
# row with networks that have not seen it.

below = []
for training, test in RepeatedKFold(n_splits=10, n_repeats=3, random_state=0).split(X):
    quantiles = fit(X[training], y[training]).predict(X[test])
    below.append(y[test, np.newaxis] < quantiles)
shares = np.mean(np.concatenate(below), axis=0)
coverage = shares[2] - shares[0]

for level, share in zip(LEVELS, shares):
    print(f"below the {level:.0%} quantile: {share:.1%} of the held-out targets")
print(f"inside the {LEVELS[2] - LEVELS[0]:.0%} band: {coverage:.1%}")

# %%
# The figure
# ----------
#
# The band is narrow before the impact and wide after it. The quantiles of a row are sorted, so
# they never cross.

model = fit(X, y)
grid = np.linspace(times.min(), times.max(), 300)
quantiles = model.predict(grid[:, np.newaxis] / MS_PER_UNIT - 2) * G_PER_UNIT

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.fill_between(grid, quantiles[:, 0], quantiles[:, 2], color="lightsteelblue", label="10% to 90%")
ax.plot(grid, quantiles[:, 1], color="navy", label="median")
ax.plot(times, accelerations, ".", color="black", markersize=4)
ax.set_xlabel("time after impact (ms)")
ax.set_ylabel("acceleration of the head (g)")
ax.set_title(f"{coverage:.0%} of unseen targets are inside the 80% band")
ax.legend(loc="lower right", frameon=False)
plt.show()
