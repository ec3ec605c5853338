"""
========================
Validation rows by group
========================

If several rows come from one person, machine or day, random validation rows give a loss that is
far too low: the network has seen other rows of the same origin.
``validation=GroupShuffleSplit(...)`` keeps each group on one side of the split, and the validation
loss becomes realistic.
"""

# %%
# Digits and their writers
# ------------------------
#
# The labels of scikit-learn's digits repeat the same sequence of about 130 digits 14 times, once
# for each form that somebody filled in. (According to the description of the data, 13 people wrote
# them, so one of them seems to have filled in two forms.) Each form begins with the digits from 0
# to 9. The number of the form is the group.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupShuffleSplit

from skbackprop import BackpropClassifier

X, y = load_digits(return_X_y=True)
X /= 16

starts = []
for row in range(len(y) - 9):
    if (y[row : row + 10] == np.arange(10)).all() and (not starts or row > starts[-1] + 100):
        starts.append(row)
writers = np.searchsorted(starts, np.arange(len(y)), side="right") - 1
print(f"{len(starts)} forms of {np.bincount(writers).min()} to {np.bincount(writers).max()} rows")

# %%
# Validation loss, and loss for new writers
# -----------------------------------------
#
# Four forms are test data and stand for new writers. A fifth of the rest is for validation, drawn
# by rows or by forms, and the epoch with the lowest validation loss is kept. This is repeated for
# five draws of the test forms.

SPLITS = {
    "random rows": lambda seed: None,
    "whole forms": lambda seed: GroupShuffleSplit(1, test_size=0.2, random_state=seed),
}
losses = {name: [] for name in SPLITS}
for seed, (train, test) in enumerate(
    GroupShuffleSplit(5, test_size=4, random_state=0).split(X, y, writers)
):
    for name, split in SPLITS.items():
        model = BackpropClassifier(
            (50,),
            learning_rate_init=0.003,
            max_iter=400,
            early_stopping=True,
            validation=split(seed),
            validation_fraction=0.2,
            scoring="loss",
            random_state=seed,
        )
        groups = None if model.validation is None else writers[train]
        model.fit(X[train], y[train], groups=groups)
        of_new_writers = log_loss(y[test], model.predict_proba(X[test]))
        losses[name].append((-model.best_validation_score_, of_new_writers, model.best_iter_))

for name, results in losses.items():
    of_validation, of_new_writers, epoch = np.mean(results, axis=0)
    print(
        f"{name}: validation loss {of_validation:.3f}, for new writers {of_new_writers:.3f}; "
        f"epoch {epoch:.0f}"
    )

# %%
# The validation loss of random rows is half of the loss for new writers. That of whole forms has
# the right size, although it varies from draw to draw with only two forms for validation. The
# networks themselves are about equally good here. Random rows mislead you if you use the
# validation loss to estimate the error or to choose between models.

figure, ax = plt.subplots(figsize=(5, 4.5), layout="constrained")
for (name, results), marker in zip(losses.items(), "os"):
    of_validation, of_new_writers, _ = np.transpose(results)
    ax.scatter(of_validation, of_new_writers, marker=marker, label=name)
ax.axline((0, 0), slope=1, color="gray", linestyle=":", label="equal")
ax.set(
    xlabel="validation loss of the best epoch",
    ylabel="loss for new writers",
    xlim=(0, 0.4),
    ylim=(0, 0.4),
    aspect="equal",
)
ax.legend(loc="lower right")
plt.show()

# %%
# With metadata routing, ``model.set_fit_request(groups=True)`` lets a pipeline or a grid search
# pass the groups to ``fit``.
