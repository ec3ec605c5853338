"""
====================================
Rare classes: weights and focal loss
====================================

Where one class is rare, the log loss is low for a model that nearly always says no. There are two
remedies in the loss itself: ``class_weight="balanced"`` makes both classes count the same, and the
focal loss [1]_ makes rows count less that are classified well already, most of which are of the
common class. Both can be had together.

Neither brings information, and rows are not *ranked* much better. What changes is on which side of
one half, the threshold of ``predict``, they fall, and what the probabilities mean.

.. [1] Lin, Goyal, Girshick, He & Dollár (2017), "Focal loss for dense object detection", ICCV.
"""

# %%
# Data and models
# ---------------
#
# Three rows in a hundred are of the rare class, and the classes overlap.

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
# What each does to the rare class
# --------------------------------

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

for name, result in results.items():
    print(f"{name:<19}", "  ".join(f"{metric} {value:.3f}" for metric, value in result.items()))

# %%
# Weights find many more of the rare rows, at the price of false alarms: the balanced accuracy is
# better. The focal loss alone ranks about as well as the log loss (average precision), moves all
# probabilities towards one half, and so finds a few rows more; with weights it loses less of the
# ranking than weights do without it. The Brier score tells that the probabilities of the plain
# log loss are the honest ones. If you need these *and* decisions that favour the rare class, keep
# the log loss and move the threshold
# (:class:`sklearn.model_selection.TunedThresholdClassifierCV`).

# %%
# The figure
# ----------
#
# Probabilities of the rare class, for the test rows of each class.

try:
    import matplotlib.pyplot as plt
except ImportError:
    print("matplotlib is not installed: no figure")
else:
    figure, axes = plt.subplots(1, 4, figsize=(11, 3.2), sharey=True, layout="constrained")
    bins = np.linspace(0, 1, 21)
    for ax, (name, p) in zip(axes, probabilities.items()):
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
        ax.set_title(f"{name}\nrecall {results[name]['recall']:.0%}")
        ax.set_xlabel("probability of the rare class")
    axes[0].set_ylabel("share of the class")
    axes[-1].legend(framealpha=1, edgecolor="none", loc="upper center")
    figure.savefig("imbalance.png", dpi=120)
    print("figure: imbalance.png")
