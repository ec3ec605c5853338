"""
=========================================
Boundaries in pieces: ReLU classification
=========================================

In two dimensions, each rectified linear unit folds the plane along a straight line. Between the
folds the network is linear, so its decision boundary is a polygon, and more units give it more
edges. The pieces are counted by the units that are on. Each step of training uses one row.
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

# The number of epochs is fixed, so there is no need to warn that the fit has not converged.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = make_circles(800, noise=0.08, factor=0.45, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=500, random_state=0)

# %%
# Networks of growing width
# -------------------------
#
# Two units cannot enclose the inner class; more units enclose it in a polygon. Small networks get
# stuck from some starting weights, so the best of four starts is kept.

WIDTHS = (2, 4, 8, 24)


def one_row_a_step(n_hidden, epochs, start):
    """A network of n_hidden units after some epochs, with one row a step."""
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
        (one_row_a_step(n_hidden, 60, start) for start in range(4)), key=lambda model: model.loss_
    )
    for n_hidden in WIDTHS
}

# %%
# Counting the pieces
# -------------------
#
# On one piece of the plane, the same units are on. Count the different patterns on a fine grid.

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
#
# The gray lines are the folds.


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


figure, axes = plt.subplots(2, 2, figsize=(7, 7), layout="constrained")
for ax, n_hidden in zip(axes.flat, WIDTHS):
    draw(ax, models[n_hidden], f"{n_hidden} units, {pieces[n_hidden]} pieces")

# %%
# How a boundary forms
# --------------------
#
# The network of eight units after 300, 1,500, 6,000 and 18,000 steps: first some units find an
# edge, then others close the polygon.

start = models[8].random_state
figure, axes = plt.subplots(2, 2, figsize=(7, 7), layout="constrained")
for ax, epochs in zip(axes.flat, (1, 5, 20, 60)):
    draw(ax, one_row_a_step(8, epochs, start), f"{len(X_train) * epochs:,} steps")
plt.show()
