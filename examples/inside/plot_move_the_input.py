"""
============================================
What would have to change for another answer
============================================

Back-propagation usually ends at the weights. One layer further, at the input, the gradient tells
how each feature changes the prediction. :func:`~skbackprop.inspection.minimize_input` follows it
until the network gives the output you ask for: here, a handwritten 4 becomes a 9 for the network,
and a process gets the settings for a wanted yield.
"""

# %%
# A network for digits
# --------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.inspection import input_gradient, minimize_input

X, y = load_digits(return_X_y=True)
X = X / 16
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = BackpropClassifier(
    (64,), activation="tanh", solver="lbfgs", alpha=1.0, max_iter=500, random_state=0
).fit(X_train, y_train)
print(f"test accuracy {model.score(X_test, y_test):.3f}")

# %%
# The gradient of each pixel
# --------------------------
#
# The gradient of the output for "9" with respect to the 64 pixels of a 4 shows where more ink
# would help.

WANTED = 9
four = X_test[(y_test == 4) & (model.predict(X_test) == 4)][:1]
push = input_gradient(model, four, output=WANTED)

# %%
# Moving the input
# ----------------
#
# ``minimize_input`` minimises the loss of the wanted class plus ``distance`` times half the
# squared distance from the start. It uses L-BFGS and keeps each pixel between white and black. The
# larger ``distance`` is, the smaller the change.

steps = {
    distance: minimize_input(model, four, target=WANTED, bounds=(0, 1), distance=distance).X
    for distance in (1.0, 0.1, 0.01)
}
for distance, image in steps.items():
    probability = model.predict_proba(image)[0, WANTED]
    change = np.abs(image - four).sum()
    print(f"distance {distance:4g}: P(9) = {probability:.3f}, ink moved {change:.1f} pixels")
moved = steps[0.01]

figure, axes = plt.subplots(1, 5, figsize=(9, 2.3), layout="constrained")
axes[0].imshow(four.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
axes[0].set_title(f"a {model.predict(four)[0]}")
limit = np.abs(push).max()
axes[1].imshow(push.reshape(8, 8), cmap="RdBu", vmin=-limit, vmax=limit)
axes[1].set_title(f"gradient for {WANTED}")
for ax, (distance, image) in zip(axes[2:], steps.items()):
    ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    ax.set_title(f"distance {distance:g}: a {model.predict(image)[0]}")
for ax in axes:
    ax.set_axis_off()
plt.show()

# %%
# Little has to change, and the result need not look like a 9 to you: it shows what *this network*
# responds to, which helps to debug it.
#
# Settings for a wanted yield
# ---------------------------
#
# A process has three settings, and its yield is known from measurements only. Which settings give
# a yield of 2 if the first one must not change? Equal bounds hold a feature fixed.


def process(settings):
    """The true yield, of which the network only sees noisy measurements."""
    return 3 * np.sin(settings[:, 0]) * settings[:, 1] + settings[:, 2] ** 2


rng = np.random.default_rng(0)
settings = rng.uniform(0, 1, size=(500, 3))
surrogate = BackpropRegressor(
    (20,), activation="tanh", solver="lbfgs", max_iter=2000, tol=1e-5, random_state=0
).fit(settings, process(settings) + rng.normal(scale=0.01, size=500))

now = np.array([[0.7, 0.3, 0.3]])
wanted_yield = 2.0
lower, upper = np.zeros(3), np.ones(3)
lower[0] = upper[0] = now[0, 0]
found = minimize_input(surrogate, now, wanted_yield, bounds=(lower, upper))
achieved = process(found.X)[0]
print(f"settings {now[0]} yield {process(now)[0]:.2f}")
print(f"settings {found.X[0].round(3)} yield {achieved:.2f} (wanted {wanted_yield:g})")
