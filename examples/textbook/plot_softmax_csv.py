"""
=================================================
A network of softmax layers that reads a CSV file
=================================================

The smallest whole program: a CSV file comes in, its first column the label; a network with five
hidden units is trained one row at a time; weights and predictions go out. One learns how the
choices of a textbook, down to its starting weights, are said in parameters.

Every layer of this network is a *softmax*, the hidden one too. The five hidden activations of a
row are positive and sum to one, so that each depends on all five pre-activations: the Jacobian of
the layer is the full matrix
:math:`\\operatorname{diag}(f) - f f^\\top`, not a diagonal one.
"""

# %%
# The data
# --------
#
# Give your own file as the argument of this script. Five points near the origin are "ya", the
# four corners around them "no": no straight line separates them.

import sys
import warnings
from pathlib import Path

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier
from skbackprop.losses import Multinomial

# A fixed number of epochs is meant, converged or not.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

path = Path(sys.argv[1] if len(sys.argv) > 1 else Path(sys.argv[0]).parents[1] / "data" / "YX.csv")
table = np.loadtxt(path, dtype=str, delimiter=",", skiprows=1)
y, X = table[:, 0], table[:, 1:].astype(float)
print(f"{path.name}: {len(X)} rows, {X.shape[1]} features, labels {', '.join(np.unique(y))}")

# %%
# The network
# -----------
#
# * Steps example by example, in the order of the file: ``batch_size=1``, ``shuffle=False``.
# * Plain gradient descent with the rate 1/N for 100 passes: no momentum, no penalty, and no end
#   before the hundredth pass (``n_iter_no_change=np.inf``).
# * The negative log likelihood of a softmax with one column a class, also for two classes:
#   ``loss=Multinomial()``. The default for two classes is one logistic column instead.
# * Weights that start uniformly in [0, 1). Where the textbook has a constant column in the data,
#   the first layer has a bias. The hidden activations sum to one, so that a bias of the second
#   layer adds nothing that its weights cannot say; it starts at zero.

n_hidden, n_classes = 5, len(np.unique(y))
rng = np.random.default_rng(0)
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
model.fit(
    X,
    y,
    coef_init=[np.array(first), second],
    intercept_init=[constant, np.zeros(n_classes)],
)

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
# The boundary
# ------------
#
# Corners and centre differ in either feature, so that a band does: which of the two features it is
# that the network goes by depends on the starting weights.

import matplotlib.pyplot as plt
from sklearn.inspection import DecisionBoundaryDisplay

if X.shape[1] == 2:
    figure, ax = plt.subplots(figsize=(5, 4.2), layout="constrained")
    yes = model.classes_[1]
    display = DecisionBoundaryDisplay.from_estimator(
        model,
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
        ax.plot(*X[y == label].T, marker, color="black", label=label)
    figure.colorbar(display.surface_, label=f"P({yes})")
    ax.set(xlabel="x1", ylabel="x2")
    ax.legend()
