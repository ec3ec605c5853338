"""
==============================
Check the gradient, then train
==============================

Before you train with an activation or loss of your own, compare its gradient with a numerical
estimate: :func:`~skbackprop.inspection.check_gradient` does so in one call. Without the check, a
wrong gradient is easily missed, because the network still learns.
"""

# %%
# Your own activation
# -------------------
#
# The softsign :math:`f(z) = z / (1 + |z|)` has the derivative :math:`1 / (1 + |z|)^2`. Forgetting
# the square is a typical mistake.

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


def wrong_derivative(z):
    return 1 / (1 + np.abs(z))


X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

# %%
# A network that has just started
# -------------------------------
#
# One epoch builds the network and makes its first steps. Do not check at a minimum: the gradient
# is zero there, and only rounding error would be left to compare.


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
# Check
# -----
#
# Along a random direction :math:`d` the objective changes by :math:`d \cdot \nabla F`. Five values
# of :math:`F` on a line give the same number without any derivative. A handful of directions is
# enough for any number of weights; checking each weight of this network would take 7,280
# evaluations.

checks = {}
for name, rule in (("derivative", derivative), ("wrong derivative", wrong_derivative)):
    model = network(rule).partial_fit(X_train, y_train, classes=np.arange(10))
    checks[name] = check_gradient(model, X_train[:100], y_train[:100], random_state=0)
    verdict = "right" if checks[name].ok() else "WRONG"
    print(f"{name:<20} largest relative error {checks[name].max_relative_error:.1e}  {verdict}")

# %%
# Train
# -----
#
# Both networks learn: the wrong gradient is not the steepest direction, but it still points
# downhill. Only the check shows that something is wrong.

figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
accuracies = {}
for (name, rule), style in zip(
    (("derivative", derivative), ("wrong derivative", wrong_derivative)), ("-", "--")
):
    model = network(rule)
    for _ in range(30):
        model.partial_fit(X_train, y_train, classes=np.arange(10))
    accuracies[name] = model.score(X_test, y_test)
    ax.plot(model.loss_curve_, style, label=f"{name}: {accuracies[name]:.3f}")
ax.set(xlabel="epoch", ylabel="training loss", yscale="log")
ax.legend(title="test accuracy")
plt.show()
