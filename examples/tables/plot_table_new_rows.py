"""
=============================================
Keep a table's model up to date with new rows
=============================================

Data change, and a model of last year's data becomes worse. ``partial_fit`` trains a fitted
:class:`~skbackprop.TabularRegressor` further with the new rows alone. Here, cars need less fuel
from year to year: a model that is updated once a year has half the error of one that is not.
"""

# %%
# The table
# ---------
#
# Cars of the years 1970 to 1982, and the distance that they go on one gallon, in miles. The first
# model is fitted to the cars up to 1974. The year is not a feature: in use, it would always lie
# outside the training data.

import sys
from copy import deepcopy
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skbackprop import TabularRegressor

X = pd.read_csv(Path(sys.argv[0]).parents[1] / "data" / "cars.csv")
y, year = X.pop("mpg"), X.pop("year")
frozen = TabularRegressor(random_state=0).fit(X[year <= 1974], y[year <= 1974])

# %%
# Test on each year, then train on it
# -----------------------------------
#
# Each year's cars are predicted first. Then the second model makes three more passes over the
# cars of that year, and forgets nothing on purpose: categories, scales and weights are kept.

updated = deepcopy(frozen)
years = range(1975, 1983)
errors = {"fitted up to 1974": [], "updated every year": []}
for now in years:
    rows = year == now
    for name, model in zip(errors, (frozen, updated)):
        errors[name].append(np.abs(model.predict(X[rows]) - y[rows]).mean())
    for _ in range(3):
        updated.partial_fit(X[rows], y[rows])

for name, of_years in errors.items():
    print(f"{name}: mean absolute error {np.mean(of_years):.2f} miles per gallon")

# %%
# The figure
# ----------
#
# The oil crisis of 1979 makes the cars of 1980 a surprise for both models. One of them learns from
# it.

figure, ax = plt.subplots(figsize=(7, 3.8), layout="constrained")
for (name, of_years), style in zip(errors.items(), ("s--", "o-")):
    ax.plot(years, of_years, style, label=name)
ax.set(
    xlabel="year of the cars, before the update with them",
    ylabel="mean absolute error\n(miles per gallon)",
    ylim=(0, None),
)
ax.legend()
plt.show()
