"""
=================================
Curves in pieces: ReLU regression
=================================

A network with one layer of rectified linear units is a chain of straight pieces. Each unit bends
it at one point, its hinge, which you can read from the weights. More units give more pieces and a
closer fit. Each step of training uses one row.
"""

# %%
# The task
# --------
#
# A smooth curve without noise, so the whole error comes from the pieces.

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropRegressor

# The number of epochs is fixed, so there is no need to warn that the fit has not converged.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X = np.linspace(-2, 2, 300)[:, np.newaxis]
y = np.sin(2.5 * X[:, 0])

# %%
# Networks of growing width
# -------------------------
#
# ``batch_size=1`` makes a step for each row, in a new random order each epoch. The learning rate
# falls along half a cosine, because steps of single rows fluctuate until the end.
#
# Unit :math:`j` computes :math:`\max(0, w_j x + b_j)`, which bends at :math:`x = -b_j / w_j`. With
# random starting weights, some hinges lie outside the range of the data and many close together.
# Therefore the start is given: evenly spread hinges, every other unit open to the left.

WIDTHS = (2, 4, 8, 16, 32)


def one_row_a_step(n_hidden):
    """A network of n_hidden units, trained on one row at a time."""
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


models = {n_hidden: one_row_a_step(n_hidden) for n_hidden in WIDTHS}

# %%
# Where the hinges are
# --------------------
#
# The hinges inside the range of the data cut it into pieces, and the curve is straight on each.
# Training has moved the hinges to where the curve bends most.


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
# The curves
# ----------

figure, axes = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True, layout="constrained")
for ax, n_hidden in zip(axes, (2, 8, 32)):
    bends = hinges(models[n_hidden])
    ax.plot(X, y, color="lightsteelblue", linewidth=5, label="target")
    ax.plot(X, models[n_hidden].predict(X), color="black", label="network")
    ax.plot(bends, models[n_hidden].predict(bends[:, np.newaxis]), "o", color="C1", label="hinge")
    ax.set(title=f"{n_hidden} units, {pieces[n_hidden]} pieces", xlabel="x")
axes[0].set_ylabel("y")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
plt.show()
