"""
==============================
What the first layer looks for
==============================

If the features are pixels, the weights of a hidden unit form a picture of what the unit responds
to. A stronger penalty turns a few large weights on single pixels into many small ones, and the
network recognises unseen digits better.
"""

# %%
# Two networks, one with a strong penalty
# ---------------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier
from skbackprop.plotting import WeightsDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0)

models = {}
for alpha in (1e-6, 3.0):
    models[alpha] = BackpropClassifier(
        (24,), activation="tanh", solver="lbfgs", alpha=alpha, max_iter=1000, random_state=0
    ).fit(X_train, y_train)


largest = {alpha: np.abs(model.coefs_[0]).max() for alpha, model in models.items()}
accuracies = {alpha: model.score(X_test, y_test) for alpha, model in models.items()}
for alpha in models:
    print(
        f"alpha {alpha:g}: test accuracy {accuracies[alpha]:.3f}, "
        f"largest weight {largest[alpha]:.2f}"
    )

# %%
# Some pixels along the border are white in every image, so their weights have no gradient. Without
# a penalty they would keep their random starting values; with it they vanish.

white = X_train.max(axis=0) == 0
blank = {alpha: np.abs(model.coefs_[0][white]).max() for alpha, model in models.items()}
for alpha in models:
    print(f"alpha {alpha:g}: largest weight of a pixel that is always white {blank[alpha]:.4f}")

# %%
# With hardly any penalty
# -----------------------
#
# Each square shows the weights of one hidden unit for the 8 x 8 pixels.


def draw(alpha):
    """The weights of the first layer of one network."""
    display = WeightsDisplay.from_estimator(models[alpha])
    display.figure_.suptitle(f"alpha = {alpha:g}: test accuracy {accuracies[alpha]:.3f}")
    plt.show()


draw(1e-6)

# %%
# With a strong penalty
# ---------------------
#
# The weights are smaller: note the scale.

draw(3.0)
