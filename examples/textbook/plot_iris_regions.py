"""
==========================
Iris with ten hidden units
==========================

Two measurements, ten logistic units, three classes: the classical 2-10-3 network with its decision
regions. One learns what the last layer may be, one softmax over the classes or three independent
yes/no outputs, and how little that changes here.
"""

# %%
# Two outputs for one task
# ------------------------
#
# *Softmax*: the three probabilities sum to one; the loss is the log loss of one out of three
# classes. This is what the classifier does with three labels in ``y``.
#
# *Three yes/no outputs*: each unit of the last layer is logistic and answers "is it this class?"
# by itself; the loss is the sum of three log losses. This is what it does with a matrix of zeros
# and ones.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

iris = load_iris()
X, y = iris.data[:, 2:], iris.target
indicators = np.eye(3, dtype=int)[y]

model = make_pipeline(
    StandardScaler(),
    BackpropClassifier(
        (10,), activation="logistic", solver="lbfgs", alpha=0.1, max_iter=1000, random_state=0
    ),
)

# %%
# Accuracy on held-out fifths. Of the yes/no outputs, the largest wins.

folds = KFold(5, shuffle=True, random_state=0)
softmax_accuracy = np.mean(cross_val_predict(model, X, y, cv=folds) == y)
answers = cross_val_predict(model, X, indicators, cv=folds, method="predict_proba")
yes_no_accuracy = np.mean(answers.argmax(axis=1) == y)
print(f"softmax:             accuracy {softmax_accuracy:.3f}")
print(f"three yes/no outputs: accuracy {yes_no_accuracy:.3f}")
print(f"their answers sum to {answers.sum(axis=1).min():.2f} ... {answers.sum(axis=1).max():.2f}")

# %%
# Decision regions
# ----------------
#
# scikit-learn's display works with the pipeline as with any other classifier. The ten soft steps
# bend the boundaries only a little: a larger ``alpha`` would make them straight.

model.fit(X, y)
figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
DecisionBoundaryDisplay.from_estimator(
    model, X, response_method="predict", ax=ax, alpha=0.35, grid_resolution=300
)
for k, (name, marker) in enumerate(zip(iris.target_names, "os^")):
    ax.plot(*X[y == k].T, marker, markeredgecolor="black", label=name)
ax.set(xlabel=iris.feature_names[2], ylabel=iris.feature_names[3])
ax.legend()
