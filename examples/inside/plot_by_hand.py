"""
====================================
One hidden layer, element by element
====================================

Back-propagation with pencil and paper: every sum is written as a loop, for one row and three
hidden units. :func:`~skbackprop.inspection.backpropagate` returns the same numbers, layer by
layer.
"""

# %%
# A fitted network
# ----------------
#
# Two inputs, three tanh units, one linear output, squared error. There is no penalty, which would
# add ``alpha * W`` to the gradients of the weights.

import numpy as np

from skbackprop import BackpropRegressor
from skbackprop.inspection import backpropagate

rng = np.random.default_rng(0)
X = rng.normal(size=(200, 2))
y = X[:, 0] * X[:, 1]
model = BackpropRegressor(
    (3,), activation="tanh", alpha=0, learning_rate_init=0.01, max_iter=2000, random_state=0
).fit(X, y)
(W1, W2), (b1, b2) = model.coefs_, model.intercepts_
x, target = X[0], y[0]

# %%
# Forward
# -------
#
# .. math::
#
#    z_j = \sum_i x_i W^{(1)}_{ij} + b^{(1)}_j, \qquad h_j = \tanh z_j, \qquad
#    r = \sum_j h_j W^{(2)}_{j1} + b^{(2)}_1
#
# and the loss is :math:`(r - y)^2 / 2`.

n_inputs, n_hidden = W1.shape
z, h = np.zeros(n_hidden), np.zeros(n_hidden)
for j in range(n_hidden):
    z[j] = b1[j]
    for i in range(n_inputs):
        z[j] += x[i] * W1[i, j]
    h[j] = np.tanh(z[j])
r = b2[0]
for j in range(n_hidden):
    r += h[j] * W2[j, 0]
loss = 0.5 * (r - target) ** 2
print(f"prediction {r:.4f}, target {target:.4f}, loss {loss:.2e}")

# %%
# Backward
# --------
#
# The delta of a unit is the derivative of the loss with respect to its pre-activation. It starts
# at the output,
#
# .. math:: \delta^{(2)} = \frac{\partial l}{\partial r} = r - y,
#
# and the chain rule carries it back through the weights and the activation:
#
# .. math:: \delta^{(1)}_j = \delta^{(2)} \, W^{(2)}_{j1} \, (1 - h_j^2).
#
# The gradient of a weight is the activation that enters it times the delta of the unit it leads
# to,
#
# .. math:: \frac{\partial l}{\partial W^{(1)}_{ij}} = x_i \, \delta^{(1)}_j, \qquad
#           \frac{\partial l}{\partial W^{(2)}_{j1}} = h_j \, \delta^{(2)}.
#
# One step further back is the gradient with respect to the input,
# :math:`\partial l / \partial x_i = \sum_j \delta^{(1)}_j W^{(1)}_{ij}`.

delta2 = r - target
W2_gradient = np.array([[h[j] * delta2] for j in range(n_hidden)])
delta1 = np.array([delta2 * W2[j, 0] * (1 - h[j] ** 2) for j in range(n_hidden)])
W1_gradient = np.array([[x[i] * delta1[j] for j in range(n_hidden)] for i in range(n_inputs)])
x_gradient = np.zeros(n_inputs)
for i in range(n_inputs):
    for j in range(n_hidden):
        x_gradient[i] += delta1[j] * W1[i, j]

# %%
# The same from the package
# -------------------------

passes = backpropagate(model, X[:1], y[:1])
by_hand = {
    "loss": (loss, passes.loss),
    "pre-activations z": (z, passes.preactivations[0][0]),
    "activations h": (h, passes.activations[0][0]),
    "delta of the hidden layer": (delta1, passes.deltas[0][0]),
    "delta of the output": (delta2, passes.deltas[1][0, 0]),
    "gradient of W1": (W1_gradient, passes.coef_grads[0]),
    "gradient of b1": (delta1, passes.intercept_grads[0]),
    "gradient of W2": (W2_gradient, passes.coef_grads[1]),
    "gradient of b2": (delta2, passes.intercept_grads[1]),
    "gradient of the input": (x_gradient, passes.input_gradient[0]),
}
differences = {name: np.max(np.abs(a - b)) for name, (a, b) in by_hand.items()}
for name, difference in differences.items():
    print(f"{name:<26} largest difference {difference:.1e}")

# %%
# Many rows
# ---------
#
# For many rows, the deltas form a matrix, and the sums become matrix products:
# :math:`\partial L / \partial W^{(1)} = X^\top \Delta^{(1)}`.

passes = backpropagate(model, X, y)
difference_of_products = np.max(np.abs(X.T @ passes.deltas[0] - passes.coef_grads[0]))
print(f"X' Delta against the gradient: {difference_of_products:.1e}")

# %%
# This is the network. Each line is a weight: blue if positive, red if negative.

import matplotlib.pyplot as plt

from skbackprop.plotting import NetworkDisplay

NetworkDisplay.from_estimator(model)
plt.show()
