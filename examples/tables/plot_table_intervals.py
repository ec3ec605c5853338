"""
================================
Prediction intervals for a table
================================

With ``loss=Quantile((0.05, 0.5, 0.95))``, :class:`~skbackprop.TabularRegressor` predicts an
interval for each row. The intervals for the fuel consumption of 398 cars hold nearly the promised
nine out of ten unseen cars, and are wide where cars differ most.
"""

# %%
# The table
# ---------
#
# Cars of the years 1970 to 1982. The maker and the origin are text, and six engines have no known
# power. The target is the distance that a car goes on one gallon, in miles.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, cross_val_predict

from skbackprop import TabularRegressor
from skbackprop.losses import Quantile

X = pd.read_csv(Path(sys.argv[0]).parents[1] / "data" / "cars.csv")
y = X.pop("mpg").to_numpy()
print(X.head(3).to_string(index=False))

# %%
# Intervals for unseen cars
# -------------------------
#
# One model predicts all three quantiles. In cross-validation, each car is predicted by a model
# that was fitted without it.

model = TabularRegressor(loss=Quantile((0.05, 0.5, 0.95)), random_state=0)
folds = KFold(5, shuffle=True, random_state=0)
lower, median, upper = cross_val_predict(model, X, y, cv=folds).T
inside = (lower <= y) & (y <= upper)
print(f"inside the 90% interval: {inside.mean():.1%}")
print(f"error of the median: {np.abs(median - y).mean():.2f} miles per gallon")

# %%
# The width depends on the car
# ----------------------------
#
# A model with the same error bars for all cars would be too careful for the heavy cars and too
# bold for the economical ones.

heavy = X["weight"] > X["weight"].median()
for name, rows in {"heavier half": heavy, "lighter half": ~heavy}.items():
    width = (upper - lower)[rows].mean()
    print(f"{name}: mean width {width:.1f}, inside {inside[rows].mean():.0%}")

# %%
# The figure
# ----------
#
# All cars, in the order of the predicted median.

order = np.argsort(median)
position = np.arange(len(y))
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.vlines(position, lower[order], upper[order], color="C0", alpha=0.35, label="90% interval")
for label, rows, style in (
    ("measured, inside", inside[order], {"color": "black", "marker": ".", "s": 14}),
    ("measured, outside", ~inside[order], {"color": "C1", "marker": "D", "s": 18}),
):
    ax.scatter(position[rows], y[order][rows], label=label, **style)
ax.set(
    xlabel="cars, in the order of the predicted median",
    ylabel="miles per gallon",
    title=f"{inside.mean():.0%} of the unseen cars are inside their 90% interval",
)
ax.legend(loc="upper left")
plt.show()
