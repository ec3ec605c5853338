"""
========================================
One import changed: the same fit, faster
========================================

:class:`~skbackprop.BackpropClassifier` is a drop-in replacement for scikit-learn's
:class:`~sklearn.neural_network.MLPClassifier`. With the same parameters and the same
``random_state`` it makes the same steps, so the loss curves agree to rounding error. Only the
time of a fit changes.

This example fits both to two of scikit-learn's data sets and compares fit times, accuracies and
loss curves. Then it searches over hidden layer sizes with ``GridSearchCV``.
"""

# %%
# Both classifiers on both data sets
# ----------------------------------
#
# The pipelines differ only in the class of their last step. Each is fitted three times, in turns,
# and the fastest fit counts, because the first call in a process also loads libraries.

import warnings
from time import perf_counter

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

# Fifty epochs are not enough to converge, and both classifiers would warn about it.
warnings.filterwarnings("ignore", category=ConvergenceWarning)

DATA = {"digits": load_digits, "breast cancer": load_breast_cancer}
CLASSES = (MLPClassifier, BackpropClassifier)
PARAMETERS = {"hidden_layer_sizes": (100,), "max_iter": 50, "random_state": 0}
REPETITIONS = 3


def timed_fit(estimator_class, X, y):
    """Fit a new pipeline; return it and the seconds it took."""
    pipeline = make_pipeline(StandardScaler(), estimator_class(**PARAMETERS))
    start = perf_counter()
    pipeline.fit(X, y)
    return pipeline, perf_counter() - start


def compare(load):
    """Fit both classes in turns; return pipelines, least seconds and accuracies by class."""
    X_train, X_test, y_train, y_test = train_test_split(*load(return_X_y=True), random_state=0)
    pipelines = {}
    seconds = dict.fromkeys(CLASSES, np.inf)
    for _ in range(REPETITIONS):
        for estimator_class in CLASSES:
            pipeline, elapsed = timed_fit(estimator_class, X_train, y_train)
            pipelines[estimator_class] = pipeline
            seconds[estimator_class] = min(seconds[estimator_class], elapsed)
    accuracies = {c: pipeline.score(X_test, y_test) for c, pipeline in pipelines.items()}
    return pipelines, seconds, accuracies


def largest_relative_difference(curve, reference):
    """Largest difference of two loss curves, relative to the reference."""
    curve, reference = np.asarray(curve), np.asarray(reference)
    return float(np.max(np.abs(curve - reference) / reference))


results = {}
for name, load in DATA.items():
    pipelines, seconds, accuracies = compare(load)
    curves = {c: pipeline[-1].loss_curve_ for c, pipeline in pipelines.items()}
    results[name] = {
        "seconds": seconds,
        "accuracies": accuracies,
        "curves": curves,
        "difference": largest_relative_difference(
            curves[BackpropClassifier], curves[MLPClassifier]
        ),
    }

# %%
# The loss curves differ by rounding error only, so the accuracies are equal.

for name, result in results.items():
    print(name)
    for estimator_class in CLASSES:
        print(
            f"  {estimator_class.__name__:<18}  fit {result['seconds'][estimator_class]:6.3f} s"
            f"   accuracy {result['accuracies'][estimator_class]:.4f}"
        )
    ratio = result["seconds"][MLPClassifier] / result["seconds"][BackpropClassifier]
    print(f"  {ratio:.1f} times as fast")
    print(f"  largest relative difference of the loss curves: {result['difference']:.1e}")

# %%
# A search over hidden layer sizes
# --------------------------------
#
# Names and defaults of the parameters are those of scikit-learn, so existing grids work unchanged.

X_train, X_test, y_train, y_test = train_test_split(*load_digits(return_X_y=True), random_state=0)
search = GridSearchCV(
    make_pipeline(StandardScaler(), BackpropClassifier(max_iter=50, random_state=0)),
    {"backpropclassifier__hidden_layer_sizes": [(), (32,), (128,), (64, 64)]},
    cv=3,
)
search.fit(X_train, y_train)

best_sizes = search.best_params_["backpropclassifier__hidden_layer_sizes"]
print(f"best hidden_layer_sizes on digits: {best_sizes}")
print(f"  accuracy in cross-validation {search.best_score_:.4f}")
print(f"  accuracy on test data        {search.score(X_test, y_test):.4f}")

# %%
# The figure
# ----------
#
# At the top, the two loss curves coincide; at the bottom, their relative difference stays within a
# few units of rounding error. Without matplotlib the example ends here.

try:
    import matplotlib.pyplot as plt
except ImportError:
    plt = None
    print("matplotlib is not installed: no figure")


def draw_curves(ax, curves, seconds):
    """Both loss curves of one data set; the legend says how long each fit took."""
    for estimator_class, style in zip(CLASSES, ("-", "--")):
        ax.plot(
            np.arange(1, PARAMETERS["max_iter"] + 1),
            curves[estimator_class],
            style,
            linewidth=4 if style == "-" else 1.5,
            color="lightsteelblue" if style == "-" else "black",
            label=f"{estimator_class.__name__}, {1000 * seconds[estimator_class]:.0f} ms",
        )
    ax.set_yscale("log", subs=[])
    ax.set_yticks((0.05, 0.1, 0.2, 0.5, 1, 2))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend()


def draw_difference(ax, curve, reference):
    """Relative difference of two loss curves, epoch by epoch."""
    curve, reference = np.asarray(curve), np.asarray(reference)
    epochs = np.arange(1, len(curve) + 1)
    ax.plot(epochs, np.abs(curve - reference) / reference / 1e-16, ".", color="black")
    ax.set_xlabel("epoch")


if plt is not None:
    figure, axes = plt.subplots(
        2,
        2,
        sharex=True,
        sharey="row",
        figsize=(9, 5.5),
        height_ratios=(2, 1),
        layout="constrained",
    )
    for (name, result), (upper, lower) in zip(results.items(), axes.T):
        curves = result["curves"]
        upper.set_title(name)
        draw_curves(upper, curves, result["seconds"])
        draw_difference(lower, curves[BackpropClassifier], curves[MLPClassifier])
    axes[0, 0].set_ylabel("training loss")
    axes[1, 0].set_ylabel("relative difference\n(units of $10^{-16}$)")
    figure.savefig("compare_with_mlpclassifier.png", dpi=120)
    print("figure: compare_with_mlpclassifier.png")
