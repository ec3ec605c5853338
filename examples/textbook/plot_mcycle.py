"""
===================================
Ten logistic units on a noisy curve
===================================

A 1-10-1 network (one input, ten logistic units, one linear output) fits the motorcycle data well
if you do three things: scale the input and the target, choose the penalty by cross-validation, and
use L-BFGS for few rows.

The data are 133 measurements of the acceleration of a dummy's head, in units of g, at times in
milliseconds after the impact of a motorcycle.
"""

# %%
# The data
# --------

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import GridSearchCV, RepeatedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor

path = Path(sys.argv[0]).parents[1] / "data" / "mcycle.csv"
times, acceleration = np.loadtxt(path, delimiter=",", skiprows=1, unpack=True)
X = times[:, np.newaxis]

# %%
# The network
# -----------
#
# A logistic unit is a soft step. Large weights make it steep; the penalty ``alpha`` keeps the
# weights small. Both scalers matter: with an input of 50 ms all units would start saturated, and
# ``tol`` and ``alpha`` mean the same for every target only if the target has unit variance.


def one_ten_one(alpha):
    """The network, between a scaler of the input and one of the target."""
    network = BackpropRegressor(
        (10,),
        activation="logistic",
        solver="lbfgs",
        alpha=alpha,
        max_iter=5000,
        random_state=0,
    )
    return TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )


# %%
# The penalty
# -----------
#
# With too little penalty the curve follows single points, with too much it is nearly flat.

alphas = 10.0 ** np.arange(-4, 2)
search = GridSearchCV(
    one_ten_one(None),
    {"regressor__backpropregressor__alpha": alphas},
    scoring="neg_root_mean_squared_error",
    cv=RepeatedKFold(n_splits=5, n_repeats=2, random_state=0),
).fit(X, acceleration)

errors = -search.cv_results_["mean_test_score"]
best_alpha = search.best_params_["regressor__backpropregressor__alpha"]
for alpha, error in zip(alphas, errors):
    print(f"alpha {alpha:6g}: error in cross-validation {error:5.1f} g")
print(f"standard deviation of the data: {acceleration.std():.1f} g")

# %%
# The curves
# ----------

grid = np.linspace(times.min(), times.max(), 400)[:, np.newaxis]
figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
ax.plot(times, acceleration, "o", color="lightgray", markeredgecolor="gray", label="measured")
for alpha, style in ((alphas[0], ":"), (best_alpha, "-"), (alphas[-1], "--")):
    model = one_ten_one(alpha).fit(X, acceleration)
    ax.plot(grid, model.predict(grid), style, linewidth=2, label=f"alpha = {alpha:g}")
ax.set(xlabel="time after the impact (ms)", ylabel="acceleration (g)")
ax.legend()
plt.show()

# %%
# What the ten units do
# ---------------------
#
# The output is a constant plus the weighted sum of ten soft steps. Each step is drawn here with
# its weight. The fast fall at 15 ms and the rise at 25 ms take several units each.

best = search.best_estimator_
scaler, network = best.regressor_
steps = scaler.transform(grid) @ network.coefs_[0] + network.intercepts_[0]
parts = network.coefs_[1][:, 0] / (1 + np.exp(-steps))

figure, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
total = parts.sum(axis=1) + network.intercepts_[1]
ax.plot(grid, total, color="black", linewidth=3, label="sum and constant")
for unit, part in enumerate(parts.T):
    ax.plot(grid, part, "-" if unit < 5 else "--", color=f"C{unit}", label=f"unit {unit}")
ax.set(xlabel="time after the impact (ms)", ylabel="scaled acceleration")
figure.legend(loc="outside right center")
plt.show()

# %%
# Reference
# ---------
#
# B. W. Silverman (1985), "Some aspects of the spline smoothing approach to non-parametric
# regression curve fitting", Journal of the Royal Statistical Society B 47:1-52.
