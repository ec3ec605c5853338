"""
======================================================
What a model of a table says about each of its columns
======================================================

:mod:`skbackprop.inspection` answers in the units of your table. For a model of the body mass of
penguins, :func:`~skbackprop.inspection.input_gradient` tells how many grams one more millimetre
adds, and :func:`~skbackprop.inspection.level_contrasts` how many another sex or species adds.
"""

# %%
# The table
# ---------
#
# 342 penguins of three species from three islands. The sex of nine of them is unknown.

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, cross_val_score

from skbackprop import TabularRegressor
from skbackprop.inspection import input_gradient, level_contrasts

penguins = pd.read_csv(Path(sys.argv[0]).parents[1] / "data" / "penguins.csv")
penguins = penguins.dropna(subset="body_mass_g").drop(columns="year")
mass = penguins.pop("body_mass_g")

model = TabularRegressor(random_state=0)
folds = KFold(5, shuffle=True, random_state=0)  # the file is sorted by species
r2 = cross_val_score(model, penguins, mass, cv=folds).mean()
model.fit(penguins, mass)
print(f"R² in cross-validation {r2:.2f}")

# %%
# Numbers: grams per millimetre
# -----------------------------
#
# The gradient of the prediction has a value for each penguin and column. To compare columns,
# multiply it by a typical step of each, here its standard deviation.

gradient = pd.DataFrame(input_gradient(model, penguins), columns=penguins.columns)
numbers = penguins.select_dtypes("number").columns
per_deviation = gradient[numbers] * penguins[numbers].std()
for column in numbers:
    print(
        f"{column:<18} {gradient[column].median():5.1f} g per mm, "
        f"{per_deviation[column].median():4.0f} g per standard deviation"
    )

# %%
# Categories: grams from level to level
# -------------------------------------
#
# ``level_contrasts`` puts each level into all rows and returns what that changes. The difference
# of two columns compares these two levels, for penguins that are alike in everything else. A
# missing sex is a level of its own, ``None``.

effects = {}
for column, reference in {"sex": "female", "species": "Adelie", "island": "Dream"}.items():
    found = level_contrasts(model, penguins, column)
    levels = list(found.levels)
    for level in levels:
        if level is not None and level != reference:
            difference = (
                found.contrasts[:, levels.index(level)]
                - found.contrasts[:, levels.index(reference)]
            )
            effects[f"{level}, not {reference}"] = difference
for name, difference in effects.items():
    print(f"{name:<22} {np.median(difference):+5.0f} g")

# %%
# The figure
# ----------
#
# Each bar holds the middle half of all penguins, each point the median. These are statements about
# the model, not about causes: another species would have other flippers, too. And the model has
# seen no Gentoo outside Biscoe, so contrasts that make one are extrapolations.


def draw(ax, changes, color, title):
    """A bar from quartile to quartile, and the median, for each name."""
    lower, median, upper = np.nanquantile(list(changes.values()), [0.25, 0.5, 0.75], axis=1)
    names = list(changes)
    ax.barh(names, upper - lower, left=lower, height=0.5, color=color, alpha=0.6)
    ax.plot(median, names, "o", color="black")
    ax.use_sticky_edges = False  # leave room beside the bars
    ax.axvline(0, color="gray", linewidth=0.8, zorder=0)
    ax.set(title=title, xlabel="change of the predicted mass (g)")
    ax.invert_yaxis()


steps = {name.removesuffix("_mm"): per_deviation[name].to_numpy() for name in numbers}
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), sharex=True, layout="constrained")
draw(left, steps, "C0", "one standard deviation more")
draw(right, effects, "C1", "another level")
plt.show()
