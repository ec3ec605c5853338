"""
==============================
Check the gradient, then train
==============================

The fifth of the six steps of the textbook's recipe: before training with a new activation or loss,
compare its gradient with a numerical estimate. One learns to do so in one call, what a mistake
looks like, and that a wrong gradient is easily missed without it: the network trains all the same.
"""

# %%
# An activation of one's own
# --------------------------
#
# The softsign :math:`f(z) = z / (1 + |z|)` has the derivative :math:`1 / (1 + |z|)^2`. Forgetting
# the square is a typical slip.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.activations import from_functions
from skbackprop.inspection import check_gradient


def softsign(z):
    return z / (1 + np.abs(z))


def derivative(z):
    return 1 / (1 + np.abs(z)) ** 2


def slipped_derivative(z):
    return 1 / (1 + np.abs(z))


X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

# %%
# Steps 1 to 4: start, forward, objective, back-propagation
# ---------------------------------------------------------
#
# One epoch builds the network, from random weights. A check needs a point that is not yet a
# minimum: there, only rounding would be left to compare.


def network(derivative, max_iter=1):
    """A classifier with softsign units, whose derivative is to be checked."""
    return BackpropClassifier(
        (40, 20),
        activation=from_functions(softsign, derivative),
        solver="adam",
        learning_rate_init=0.005,
        max_iter=max_iter,
        n_iter_no_change=np.inf,
        random_state=0,
    )


# %%
# Step 5: check, then switch the check off
# ----------------------------------------
#
# Along a random direction :math:`d` the objective changes by :math:`d \cdot \nabla F`; five
# values of :math:`F` on a line give the same number without any derivative. A handful of
# directions tells, whatever the number of weights; element by element, as in the textbook, this
# network would take 7,280 evaluations.

checks = {}
for name, rule in (("derivative", derivative), ("slipped derivative", slipped_derivative)):
    model = network(rule).partial_fit(X_train, y_train, classes=np.arange(10))
    checks[name] = check_gradient(model, X_train[:100], y_train[:100], random_state=0)
    verdict = "right" if checks[name].ok() else "WRONG"
    print(f"{name:<20} largest relative error {checks[name].max_relative_error:.1e}  {verdict}")

# %%
# Step 6: train
# -------------
#
# Both networks learn: the slip is no longer a descent of the objective but still goes downhill.
# Only the check tells that something is wrong.

figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
accuracies = {}
for (name, rule), style in zip(
    (("derivative", derivative), ("slipped derivative", slipped_derivative)), ("-", "--")
):
    model = network(rule)
    for _ in range(30):
        model.partial_fit(X_train, y_train, classes=np.arange(10))
    accuracies[name] = model.score(X_test, y_test)
    ax.plot(model.loss_curve_, style, color="black", label=f"{name}: {accuracies[name]:.3f}")
ax.set(xlabel="epoch", ylabel="training loss", yscale="log")
ax.legend(title="test accuracy")
