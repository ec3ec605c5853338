"""
=================================
Curves in pieces: ReLU regression
=================================

A network with one layer of rectified linear units is a chain of straight pieces: each unit bends
it at one point, the hinge. One learns to find the hinges in the weights, and sees that more pieces
come closer to a curve. Training goes token by token: draw one example, predict, take the gradient
of its loss, make a step.
"""

# %%
# The task
# --------
#
# A smooth curve without noise, so that what is left is the error of the pieces alone.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropRegressor

# A fixed number of epochs is meant, converged or not.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X = np.linspace(-2, 2, 300)[:, np.newaxis]
y = np.sin(2.5 * X[:, 0])

# %%
# Networks of growing width
# -------------------------
#
# ``batch_size=1`` makes a step of each example, in a new random order each epoch; the steps become
# smaller along half a cosine, since single examples pull the curve to and fro to the end.
#
# Unit :math:`j` computes :math:`\max(0, w_j x + b_j)`, which bends at :math:`x = -b_j / w_j`. From
# random starting weights some hinges lie outside the data's range and many gather at the same
# place. So they are given: evenly spread, every other unit open to the left.

WIDTHS = (2, 4, 8, 16, 32)


def token_by_token(n_hidden):
    """A network of n_hidden units, trained on one example at a time."""
    model = BackpropRegressor(
        (n_hidden,),
        activation="relu",
        solver="sgd",
        batch_size=1,
        learning_rate="cosine",
        learning_rate_init=0.05,
        momentum=0,
        alpha=0,
        max_iter=100,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    positions = np.linspace(X.min(), X.max(), n_hidden + 2)[1:-1]
    w = np.where(np.arange(n_hidden) % 2, 1.0, -1.0)
    return model.fit(
        X,
        y,
        coef_init=[w[np.newaxis], np.zeros((n_hidden, 1))],
        intercept_init=[-w * positions, np.zeros(1)],
    )


models = {n_hidden: token_by_token(n_hidden) for n_hidden in WIDTHS}

# %%
# Where the hinges are
# --------------------
#
# The hinges inside the data's range cut it into pieces; on each piece the curve is straight.
# Training has moved them to where the curve bends most.


def hinges(model):
    """Inputs at which a unit switches on or off, in order, within the data's range."""
    w, b = model.coefs_[0][0], model.intercepts_[0]
    positions = np.sort(-b / w)
    return positions[(positions > X.min()) & (positions < X.max())]


pieces = {n_hidden: 1 + len(hinges(model)) for n_hidden, model in models.items()}
errors = {
    n_hidden: np.sqrt(np.mean((model.predict(X) - y) ** 2)) for n_hidden, model in models.items()
}
for n_hidden in WIDTHS:
    print(
        f"{n_hidden:3d} units: {pieces[n_hidden]:3d} pieces, "
        f"root mean square error {errors[n_hidden]:.4f}"
    )

# %%
# The pictures
# ------------

figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for ax, n_hidden in zip(axes, (2, 8, 32)):
    bends = hinges(models[n_hidden])
    ax.plot(X, y, color="lightsteelblue", linewidth=5)
    ax.plot(X, models[n_hidden].predict(X), color="black")
    ax.plot(bends, models[n_hidden].predict(bends[:, np.newaxis]), "o", color="tab:red")
    ax.set(title=f"{n_hidden} units, {pieces[n_hidden]} pieces", xlabel="x")
axes[0].set_ylabel("y")
