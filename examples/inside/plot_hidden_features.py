"""
=====================================
Hidden features before a linear model
=====================================

A network is a linear model on features that it has learned. ``transform`` returns these features
for another estimator. Here, a network trained on one task provides the features for a second task
with few labels, where they are worth four times as many labels.
"""

# %%
# Two tasks with the same digits
# ------------------------------
#
# The network learns from 1,000 labelled images which digit an image shows. The second task is to
# tell whether the digit has a closed loop, and has few labels.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

X, digit = load_digits(return_X_y=True)
closed_loop = np.isin(digit, (0, 6, 8, 9))
X_digits, X_loops, digit_train, _, _, loop = train_test_split(
    X, digit, closed_loop, train_size=1000, random_state=0
)
network = make_pipeline(
    StandardScaler(),
    BackpropClassifier(
        (32,), activation="tanh", solver="lbfgs", alpha=1.0, max_iter=500, random_state=0
    ),
).fit(X_digits, digit_train)

features = network.transform(X_loops)
print(f"{X_loops.shape[1]} pixels become {features.shape[1]} features:")
print(", ".join(network[-1].get_feature_names_out()[:3]), "...")

# %%
# Few labels, two kinds of features
# ---------------------------------
#
# Fit a logistic regression to the pixels, and one to the hidden features of the network.

linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
SIZES = (10, 20, 40, 80, 160)


def accuracies(inputs, n_repeats=10):
    """Mean test accuracy of the linear model by number of labelled rows."""
    scores = np.zeros((n_repeats, len(SIZES)))
    for repeat in range(n_repeats):
        for column, n_labelled in enumerate(SIZES):
            train, test, loop_train, loop_test = train_test_split(
                inputs, loop, train_size=n_labelled, stratify=loop, random_state=repeat
            )
            scores[repeat, column] = linear.fit(train, loop_train).score(test, loop_test)
    return scores.mean(axis=0)


results = {"pixels": accuracies(X_loops), "hidden features": accuracies(features)}
for name, scores in results.items():
    print(f"{name:<16}" + "".join(f"  {n:4d}: {score:.3f}" for n, score in zip(SIZES, scores)))

# %%
# As one pipeline
# ---------------
#
# :class:`~sklearn.frozen.FrozenEstimator` makes the fitted network a step that is not fitted
# again.

from sklearn.frozen import FrozenEstimator

pipeline = make_pipeline(FrozenEstimator(network), linear).fit(X_loops[:80], loop[:80])
pipeline_accuracy = pipeline.score(X_loops[80:], loop[80:])
print(f"pipeline, 80 labels: test accuracy {pipeline_accuracy:.3f}")

# %%
# The figure
# ----------

figure, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
for (name, scores), style in zip(results.items(), ("s--", "o-")):
    ax.plot(SIZES, scores, style, label=name)
ax.set(xscale="log", xlabel="labelled images", ylabel="accuracy: closed loop or not")
ax.set_xticks(SIZES, [str(n) for n in SIZES])
ax.minorticks_off()
ax.legend()
plt.show()
