"""
====================================
Rare classes: weights and focal loss
====================================

A network finds more rows of a rare class with ``class_weight="balanced"``, which gives both
classes the same total weight. The focal loss [1]_ gives less weight to rows that are already
classified well, most of which belong to the common class. You can combine the two.

Neither *ranks* the rows better. Both move probabilities across the threshold of ``predict``, one
half, and the probabilities are no longer calibrated.

.. [1] Lin, Goyal, Girshick, He & Dollár (2017), "Focal loss for dense object detection", ICCV.
"""

# %%
# Data and models
# ---------------
#
# Three rows in a hundred belong to the rare class, and the classes overlap.

import warnings

import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    recall_score,
)
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.losses import Focal

warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = make_classification(
    n_samples=10_000,
    n_features=10,
    n_informative=5,
    weights=[0.97],
    class_sep=1.0,
    flip_y=0.0,
    random_state=0,
)
X = StandardScaler().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

MODELS = {
    "log loss": {},
    "balanced": {"class_weight": "balanced"},
    "focal": {"loss": Focal(gamma=2.0)},
    "balanced and focal": {"loss": Focal(gamma=2.0), "class_weight": "balanced"},
}

# %%
# Scores
# ------

results, probabilities = {}, {}
for name, parameters in MODELS.items():
    model = BackpropClassifier(
        (30,), learning_rate_init=0.005, alpha=0.03, max_iter=60, random_state=0, **parameters
    ).fit(X_train, y_train)
    p = probabilities[name] = model.predict_proba(X_test)[:, 1]
    results[name] = {
        "recall": recall_score(y_test, p > 0.5),
        "balanced accuracy": balanced_accuracy_score(y_test, p > 0.5),
        "average precision": average_precision_score(y_test, p),
        "Brier score": brier_score_loss(y_test, p),
    }

print(" " * 18, *(f"{metric:>17}" for metric in results["log loss"]))
for name, result in results.items():
    print(f"{name:<18}", *(f"{value:17.3f}" for value in result.values()))

# %%
# * Class weights find many more of the rare rows and cause more false alarms. The balanced
#   accuracy rises, the ranking (average precision) gets worse.
# * The focal loss alone moves all probabilities towards one half and finds a few more rows. It
#   ranks as well as the log loss. Together with class weights, it loses less of the ranking.
# * The Brier score is best for the plain log loss: its probabilities are the most accurate.
#
# If you need accurate probabilities *and* decisions that favour the rare class, keep the log loss
# and move the threshold with :class:`sklearn.model_selection.TunedThresholdClassifierCV`.

# %%
# The figure
# ----------
#
# Predicted probability of the rare class, for the test rows of both classes.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(2, 2, figsize=(8, 5.5), sharex=True, sharey=True, layout="constrained")
bins = np.linspace(0, 1, 21)
for ax, (name, p) in zip(axes.flat, probabilities.items()):
    for label, color in ((0, "lightsteelblue"), (1, "firebrick")):
        part = p[y_test == label]
        ax.hist(
            part,
            bins,
            weights=np.full(len(part), 1 / len(part)),
            color=color,
            alpha=0.7,
            label=("common class", "rare class")[label],
        )
    ax.axvline(0.5, color="black", linewidth=0.8)
    ax.set_title(f"{name}: recall {results[name]['recall']:.0%}")
for ax in axes[:, 0]:
    ax.set_ylabel("share of the class")
for ax in axes[1]:
    ax.set_xlabel("probability of the rare class")
axes[0, 0].legend(loc="upper right")
plt.show()
