"""
===========================================
One softmax, or one yes/no output per class
===========================================

A 2-10-3 network for the iris flowers can end in a softmax over the three species, or in three
independent yes/no outputs. On this task the two are equally accurate and have nearly the same
decision regions; only the probabilities of the softmax sum to one.
"""

# %%
# Two kinds of targets
# --------------------
#
# *Softmax*: pass labels as ``y``. The loss is the log loss of one class out of three.
#
# *Yes/no outputs*: pass a matrix of zeros and ones. Each output is logistic, and the loss is the
# sum of three log losses. Here, the largest output is the prediction.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

iris = load_iris()
X, y = iris.data[:, 2:], iris.target
indicators = np.eye(3, dtype=int)[y]
COLORS = ("C0", "C1", "C4")  # one for each species

model = make_pipeline(
    StandardScaler(),
    BackpropClassifier(
        (10,), activation="logistic", solver="lbfgs", alpha=0.1, max_iter=1000, random_state=0
    ),
)

# %%
# Accuracy in cross-validation
# ----------------------------

folds = KFold(5, shuffle=True, random_state=0)
softmax_accuracy = np.mean(cross_val_predict(model, X, y, cv=folds) == y)
answers = cross_val_predict(model, X, indicators, cv=folds, method="predict_proba")
yes_no_accuracy = np.mean(answers.argmax(axis=1) == y)
print(f"softmax:        accuracy {softmax_accuracy:.3f}")
print(f"yes/no outputs: accuracy {yes_no_accuracy:.3f}")
print(f"sums of the three: {answers.sum(axis=1).min():.2f} to {answers.sum(axis=1).max():.2f}")

# %%
# Decision regions
# ----------------
#
# The species lie one behind the other along a line, so the boundaries of both networks are nearly
# straight, although ten hidden units could bend them.

model.fit(X, y)
networks = {"softmax": model, "three yes/no outputs": clone(model).fit(X, indicators)}
lengths, widths = np.meshgrid(np.linspace(0.5, 7.5, 300), np.linspace(-0.2, 2.8, 300))
points = np.column_stack([lengths.ravel(), widths.ravel()])

figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, (name, network) in zip(axes, networks.items()):
    winner = network.predict_proba(points).argmax(axis=1).reshape(lengths.shape)
    ax.contourf(lengths, widths, winner, levels=[-0.5, 0.5, 1.5, 2.5], colors=COLORS, alpha=0.3)
    for k, (species, marker) in enumerate(zip(iris.target_names, "os^")):
        ax.plot(*X[y == k].T, marker, color=COLORS[k], markeredgecolor="black", label=species)
    ax.set(title=name, xlabel=iris.feature_names[2])
axes[0].set_ylabel(iris.feature_names[3])
axes[0].legend(loc="upper left")
plt.show()
