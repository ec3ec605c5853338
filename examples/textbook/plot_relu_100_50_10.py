"""
===================================
A 100-50-10 network, beside PyTorch
===================================

A hundred features, fifty rectified linear units, ten classes, cross entropy and stochastic
gradient descent: the network of many an introduction to PyTorch. One learns how its loop of
``forward``, ``backward`` and ``step`` is said in parameters, and that both do the same
arithmetic: from equal starting weights the two end at equal weights, to rounding.
"""

# %%
# The data
# --------

import warnings
from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

# A fixed number of epochs is meant, converged or not.
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
# Batches in the order of the rows, so that another program can use the same ones.

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
# In PyTorch
# ----------
#
# The same network, the same starting weights, the same batches. ``nn.CrossEntropyLoss`` takes the
# logits and is softmax with cross entropy, as the classifier's log loss is; PyTorch keeps the
# transposes of the weights. Without PyTorch the example goes on without this part.


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
    difference = max(np.abs(W - V).max() for W, V in zip(model.coefs_, torch_weights))
    print(f"largest difference of a weight after {EPOCHS} epochs: {difference:.1e}")

# %%
# The loss curves
# ---------------

figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
epochs = np.arange(1, EPOCHS + 1)
ax.plot(epochs, model.loss_curve_, linewidth=4, color="lightsteelblue", label="skbackprop")
if torch_curve is not None:
    ax.plot(epochs, torch_curve, "--", color="black", label="PyTorch")
ax.set(xlabel="epoch", ylabel="training loss", yscale="log")
ax.legend()
