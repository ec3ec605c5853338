"""
==================================================
A 100-50-10 network, and the loop that it replaces
==================================================

A hundred features, fifty rectified linear units, ten classes, cross entropy and stochastic
gradient descent: many introductions to PyTorch write this network as a loop of ``forward``,
``backward`` and ``step``. Here the loop becomes a few parameters. From the same starting weights,
a loop in NumPy and, where it is installed, one in PyTorch end at the same weights.
"""

# %%
# The data
# --------

import warnings
from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import logsumexp
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

# The number of epochs is fixed, so there is no need to warn that the fit has not converged.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

X, y = make_classification(
    n_samples=4000,
    n_features=100,
    n_informative=40,
    n_classes=10,
    n_clusters_per_class=1,
    class_sep=2.0,
    random_state=0,
)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=1000, random_state=0)
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)

# %%
# In parameters
# -------------
#
# With ``shuffle=False`` the batches follow the order of the rows, so that the loops below can use
# the same ones.

EPOCHS, BATCH, RATE = 20, 50, 0.05

rng = np.random.default_rng(0)
weights = [rng.uniform(-1, 1, shape) / np.sqrt(shape[0]) for shape in ((100, 50), (50, 10))]
biases = [np.zeros(50), np.zeros(10)]

model = BackpropClassifier(
    (50,),
    activation="relu",
    solver="sgd",
    learning_rate_init=RATE,
    momentum=0,
    alpha=0,
    batch_size=BATCH,
    shuffle=False,
    max_iter=EPOCHS,
    n_iter_no_change=np.inf,
)
model.fit(X_train, y_train, coef_init=weights, intercept_init=biases)
accuracy = model.score(X_test, y_test)
print(f"loss {model.loss_curve_[0]:.3f} -> {model.loss_:.3f}, test accuracy {accuracy:.3f}")

# %%
# In NumPy
# --------
#
# The same network, starting weights and batches.


def train_with_numpy():
    """Train with a loop in NumPy; return its loss curve and weights."""
    (W1, W2), (b1, b2) = ([a.copy() for a in arrays] for arrays in (weights, biases))
    onehot = np.eye(10)[y_train]
    curve = []
    for _ in range(EPOCHS):
        losses = []
        for first in range(0, len(X_train), BATCH):
            inputs, targets = X_train[first : first + BATCH], onehot[first : first + BATCH]
            # forward
            hidden = np.maximum(inputs @ W1 + b1, 0)
            logits = hidden @ W2 + b2
            log_p = logits - logsumexp(logits, axis=1, keepdims=True)
            losses.append(-np.sum(targets * log_p) / BATCH)
            # backward
            delta2 = (np.exp(log_p) - targets) / BATCH
            delta1 = delta2 @ W2.T * (hidden > 0)
            # step
            W2 -= RATE * hidden.T @ delta2
            b2 -= RATE * delta2.sum(axis=0)
            W1 -= RATE * inputs.T @ delta1
            b1 -= RATE * delta1.sum(axis=0)
        curve.append(np.mean(losses))
    return curve, [W1, W2]


def largest_difference(others):
    """Largest absolute difference of a weight."""
    return max(np.abs(W - V).max() for W, V in zip(model.coefs_, others))


numpy_curve, numpy_weights = train_with_numpy()
numpy_difference = largest_difference(numpy_weights)
print(f"largest difference of a weight after {EPOCHS} epochs: {numpy_difference:.1e}")

# %%
# In PyTorch
# ----------
#
# ``nn.CrossEntropyLoss`` takes the logits and combines softmax and cross entropy, as the
# classifier's log loss does. PyTorch stores the weights transposed. This part is skipped if
# PyTorch is not installed.


def train_with_torch():
    """Train with PyTorch; return its loss curve and weights."""
    import torch
    from torch import nn

    network = nn.Sequential(nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10)).double()
    with torch.no_grad():
        for layer, W, b in zip((network[0], network[2]), weights, biases):
            layer.weight.copy_(torch.from_numpy(W.T))
            layer.bias.copy_(torch.from_numpy(b))
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=RATE)
    inputs, targets = torch.from_numpy(X_train), torch.from_numpy(y_train)
    curve = []
    for _ in range(EPOCHS):
        losses = []
        for first in range(0, len(inputs), BATCH):
            optimizer.zero_grad()
            batch = slice(first, first + BATCH)
            loss = loss_function(network(inputs[batch]), targets[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        curve.append(np.mean(losses))
    return curve, [network[i].weight.detach().numpy().T for i in (0, 2)]


torch_curve = None
if find_spec("torch") is None:
    print("PyTorch is not installed: no comparison")
else:
    torch_curve, torch_weights = train_with_torch()
    difference = largest_difference(torch_weights)
    print(f"largest difference of a weight after {EPOCHS} epochs: {difference:.1e}")

# %%
# The loss curves
# ---------------
#
# The curves coincide.

figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
epochs = np.arange(1, EPOCHS + 1)
ax.plot(epochs, model.loss_curve_, linewidth=5, color="lightsteelblue", label="skbackprop")
ax.plot(epochs, numpy_curve, "--", color="black", label="loop in NumPy")
if torch_curve is not None:
    ax.plot(epochs, torch_curve, "o", color="C1", markersize=4, label="loop in PyTorch")
ax.set(xlabel="epoch", ylabel="training loss", yscale="log", yticks=(0.1, 0.2, 0.5, 1, 2))
ax.set_xticks(range(0, EPOCHS + 1, 5))
ax.yaxis.set_major_formatter("{x:g}")
ax.minorticks_off()
ax.legend()
plt.show()
