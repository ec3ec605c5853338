"""
====================================================
Mean and standard deviation: a band from one network
====================================================

With ``loss="gaussian_nll"`` a network predicts a mean and a standard deviation for each row [1]_,
which ``predict(X, return_std=True)`` returns. Where the noise varies, you see which predictions to
trust, and the likelihood of unseen targets is higher than with one standard deviation for all.

The data are accelerations of a dummy's head in a simulated motorcycle crash [2]_: little noise
before the impact, a lot after it.

.. [1] Nix & Weigend (1994), "Estimating the mean and variance of the target probability
   distribution", IEEE International Conference on Neural Networks.

.. [2] Silverman (1985), "Some aspects of the spline smoothing approach to non-parametric
   regression curve fitting", Journal of the Royal Statistical Society B 47:1-52.
"""

# %%
# Data and network
# ----------------
#
# Input and target are scaled to about one first.

import sys
import warnings
from pathlib import Path

import numpy as np
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import RepeatedKFold

from skbackprop import BackpropRegressor

warnings.filterwarnings("ignore", category=ConvergenceWarning)

G_PER_UNIT, MS_PER_UNIT = 50.0, 15.0

path = Path(sys.argv[0]).parents[1] / "data" / "mcycle.csv"
times, accelerations = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
X, y = times[:, np.newaxis] / MS_PER_UNIT - 2, accelerations / G_PER_UNIT


def network(loss):
    """A small network with some penalty, since there are only 133 rows."""
    return BackpropRegressor(
        (20,),
        activation="tanh",
        loss=loss,
        alpha=0.1,
        learning_rate_init=0.01,
        max_iter=600,
        n_iter_no_change=600,
        random_state=0,
    )


# %%
# Likelihood and coverage on unseen rows
# --------------------------------------
#
# The baseline is the same network trained with the squared error. Its standard deviation, that of
# the residuals, is the same for all rows.

log_likelihoods = {"one standard deviation": [], "predicted standard deviation": []}
inside = []
for training, test in RepeatedKFold(n_splits=10, n_repeats=3, random_state=0).split(X):
    model = network("gaussian_nll").fit(X[training], y[training])
    mean, std = model.predict(X[test], return_std=True)
    log_likelihoods["predicted standard deviation"].append(norm.logpdf(y[test], mean, std))
    inside.append(np.abs(y[test] - mean) < 1.2816 * std)

    plain = network("squared_error").fit(X[training], y[training])
    residual = np.std(y[training] - plain.predict(X[training]))
    log_likelihoods["one standard deviation"].append(
        norm.logpdf(y[test], plain.predict(X[test]), residual)
    )

scores = {name: np.concatenate(values).mean() for name, values in log_likelihoods.items()}
coverage = np.concatenate(inside).mean()
for name, score in scores.items():
    print(f"mean log likelihood of held-out targets, {name}: {score:.2f}")
print(f"held-out targets inside the 80% band: {coverage:.1%}")

# %%
# The width follows the noise
# ---------------------------
#
# Compare the rows before the head moves with those of the rebound.

model = network("gaussian_nll").fit(X, y)
std = model.predict(X, return_std=True)[1] * G_PER_UNIT
early, late = times < 13, (times > 25) & (times < 40)
print(f"predicted standard deviation before 13 ms: {std[early].mean():.1f} g")
print(f"predicted standard deviation from 25 to 40 ms: {std[late].mean():.1f} g")

# %%
# The figure
# ----------
#
# On the left, the measured targets; on the right, targets that ``sample_y`` draws from the model.

grid = np.linspace(times.min(), times.max(), 300)
grid_X = grid[:, np.newaxis] / MS_PER_UNIT - 2
mean, std_grid = (part * G_PER_UNIT for part in model.predict(grid_X, return_std=True))
draws = model.sample_y(grid_X, n_samples=3, random_state=0) * G_PER_UNIT

import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax in axes:
    band = 1.2816 * std_grid
    ax.fill_between(grid, mean - band, mean + band, color="lightsteelblue", label="80% band")
    ax.plot(grid, mean, color="navy", label="mean")
    ax.set_xlabel("time after impact (ms)")
axes[0].plot(times, accelerations, ".", color="black", markersize=4)
axes[0].set_title("measured")
axes[1].plot(grid, draws, ".", color="black", markersize=2)
axes[1].set_title("drawn by sample_y")
axes[0].set_ylabel("acceleration of the head (g)")
axes[0].legend(loc="lower right", frameon=False)
plt.show()
