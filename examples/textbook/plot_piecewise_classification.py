"""
=========================================
Boundaries in pieces: ReLU classification
=========================================

In two dimensions each rectified linear unit folds the plane along a straight line. Between the
folds the network is linear, so that its decision boundary is made of straight edges: polygons. One
learns to count the pieces by which units are on, and sees a boundary form token by token: draw one
example, predict, take the loss :math:`-\\log f_y`, propagate it back, make a step.
"""

# %%
# The task
# --------
#
# Two classes, one inside the other: no straight line will do.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_circles
from sklearn.exceptions import ConvergenceWarning
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier

# A fixed number of epochs is meant, converged or not.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = make_circles(800, noise=0.08, factor=0.45, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=500, random_state=0)

# %%
# Token by token, with more and more units
# ----------------------------------------
#
# Two units cannot close a ring, a few make a polygon of it, many a round one. Small networks get
# stuck on the way from some starting weights, so that the best of four starts counts.

WIDTHS = (2, 4, 8, 24)


def token_by_token(n_hidden, epochs, start):
    """A network of n_hidden units after some epochs of one example a step."""
    model = BackpropClassifier(
        (n_hidden,),
        activation="relu",
        solver="sgd",
        batch_size=1,
        learning_rate_init=0.03,
        momentum=0,
        alpha=0,
        max_iter=epochs,
        n_iter_no_change=np.inf,
        random_state=start,
    )
    return model.fit(X_train, y_train)


models = {
    n_hidden: min(
        (token_by_token(n_hidden, 60, start) for start in range(4)), key=lambda model: model.loss_
    )
    for n_hidden in WIDTHS
}

# %%
# Counting the pieces
# -------------------
#
# On one piece of the plane the same units are on. So the patterns of units that occur on a fine
# grid are the pieces.

grid = np.stack(np.meshgrid(*[np.linspace(-1.5, 1.5, 300)] * 2), axis=-1).reshape(-1, 2)


def n_pieces(model):
    """Number of linear pieces of the network on the grid."""
    on = grid @ model.coefs_[0] + model.intercepts_[0] > 0
    return len(np.unique(np.packbits(on, axis=1), axis=0))


pieces = {n_hidden: n_pieces(model) for n_hidden, model in models.items()}
accuracies = {n_hidden: model.score(X_test, y_test) for n_hidden, model in models.items()}
for n_hidden in WIDTHS:
    print(
        f"{n_hidden:3d} units: {pieces[n_hidden]:4d} pieces, "
        f"test accuracy {accuracies[n_hidden]:.3f}"
    )

# %%
# The boundaries
# --------------


def draw(ax, model, title):
    """The boundary, the fold of each unit, and the data."""
    DecisionBoundaryDisplay.from_estimator(
        model, grid, response_method="predict", ax=ax, alpha=0.3, grid_resolution=300
    )
    for w, b in zip(model.coefs_[0].T, model.intercepts_[0]):
        foot, along = -b * w / (w @ w), np.array([-w[1], w[0]])
        ax.axline(foot, foot + along, color="gray", linewidth=0.7)
    ax.scatter(*X_train.T, c=y_train, s=6, cmap="viridis")
    ax.set(title=title, xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), xticks=[], yticks=[], aspect=1)


figure, axes = plt.subplots(1, 4, figsize=(12, 3.3), layout="constrained")
for ax, n_hidden in zip(axes, WIDTHS):
    draw(ax, models[n_hidden], f"{n_hidden} units, {pieces[n_hidden]} pieces")

# %%
# How a boundary forms
# --------------------
#
# The network of eight units after 300, 1,500, 6,000 and 18,000 single examples: first some units
# find an edge, then others close the polygon.

start = models[8].random_state
figure, axes = plt.subplots(1, 4, figsize=(12, 3.3), layout="constrained")
for ax, epochs in zip(axes, (1, 5, 20, 60)):
    draw(ax, token_by_token(8, epochs, start), f"{len(X_train) * epochs:,} examples")
