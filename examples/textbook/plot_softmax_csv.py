"""
=================================================
A network of softmax layers that reads a CSV file
=================================================

A complete program from a CSV file to predictions, in which every choice of a textbook is a
parameter: the starting weights, steps of one row, the order of the rows. From two starting points
the network finds two different bands that separate the classes.

Every layer of this network is a *softmax*, including the hidden one. The five hidden activations
of a row are positive and sum to one, so each depends on all five pre-activations: the Jacobian of
the layer is the full matrix
:math:`\\operatorname{diag}(f) - f f^\\top`, not a diagonal one.
"""

# %%
# The data
# --------
#
# Pass your own file as the argument of this script; its first column is the label. In this one,
# five points near the origin are "ya", the four corners around them "no": no straight line
# separates them, but two parallel lines do.

import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier
from skbackprop.losses import Multinomial

# The number of epochs is fixed, so there is no need to warn that the fit has not converged.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(sys.argv[0]).parents[1] / "data" / "YX.csv")
table = np.loadtxt(path, dtype=str, delimiter=",", skiprows=1)
y, X = table[:, 0], table[:, 1:].astype(float)
print(f"{path.name}: {len(X)} rows, {X.shape[1]} features, labels {', '.join(np.unique(y))}")

# %%
# The network
# -----------
#
# * One step for each row, in the order of the file: ``batch_size=1``, ``shuffle=False``.
# * Plain gradient descent with the learning rate 1/N for 100 epochs: no momentum, no penalty, and
#   no early end (``n_iter_no_change=np.inf``).
# * A softmax output with one column for each class, also for two classes: ``loss=Multinomial()``.
#   By default, two classes have a single logistic output.
# * Starting weights are uniform in [0, 1). Where the textbook adds a constant column to the data,
#   the first layer has a bias. The bias of the second layer starts at zero.

n_hidden, n_classes = 5, len(np.unique(y))


def train(seed):
    """Train a network from the starting weights of this seed."""
    rng = np.random.default_rng(seed)
    constant, *first = rng.random((1 + X.shape[1], n_hidden))
    second = rng.random((n_hidden, n_classes))
    model = BackpropClassifier(
        (n_hidden,),
        activation="softmax",
        loss=Multinomial(),
        solver="sgd",
        learning_rate_init=1 / len(X),
        momentum=0,
        alpha=0,
        batch_size=1,
        shuffle=False,
        max_iter=100,
        n_iter_no_change=np.inf,
    )
    return model.fit(
        X,
        y,
        coef_init=[np.array(first), second],
        intercept_init=[constant, np.zeros(n_classes)],
    )


model = train(seed=0)

# %%
# Weights and predictions
# -----------------------

np.set_printoptions(precision=2, suppress=True)
for layer, (W, b) in enumerate(zip(model.coefs_, model.intercepts_), start=1):
    print(f"layer {layer}: weights {W.shape}\n{W}\nbiases\n{b}")

probabilities = model.predict_proba(X)
print("label  prediction  " + "  ".join(f"P({label})" for label in model.classes_))
for label, prediction, row in zip(y, model.predict(X), probabilities):
    print(f"{label:<5}  {prediction:<10}  " + "  ".join(f"{p:5.3f}" for p in row))

# %%
# Two boundaries
# --------------
#
# Nine points leave it open which band separates them. Both networks predict all of them correctly;
# the starting weights decide which feature they use.

import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay

if X.shape[1] == 2:
    figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.8), sharey=True, layout="constrained")
    yes = model.classes_[1]
    for ax, seed in zip(axes, (0, 1)):
        display = DecisionBoundaryDisplay.from_estimator(
            train(seed),
            X,
            response_method="predict_proba",
            plot_method="pcolormesh",
            class_of_interest=yes,
            ax=ax,
            cmap="PuOr",
            vmin=0,
            vmax=1,
        )
        for label, marker in zip(model.classes_, "os"):
            ax.plot(*X[y == label].T, marker, color="black", markeredgecolor="white", label=label)
        ax.set(title=f"starting weights of seed {seed}", xlabel="x1", ylabel="")
    axes[0].set_ylabel("x2")
    axes[0].legend(loc="center left")
    figure.colorbar(display.surface_, ax=axes, label=f"P({yes})")
plt.show()
