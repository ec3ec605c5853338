"""
=============================================
Search over hidden layer sizes, with progress
=============================================

``GridSearchCV`` searches over layer sizes and penalty together, and scikit-learn's progress bar
(from version 1.9) shows how far it is. On these digits, a wide layer with a penalty of about one
is best.
"""

# %%
# The search
# ----------
#
# Sizes are tuples with one entry for each hidden layer: ``()`` is the linear model.

from importlib.util import find_spec

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier

SIZES = [(), (8,), (32,), (128,), (32, 32)]
ALPHAS = [1e-2, 1e-1, 1.0, 10.0]

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
model = make_pipeline(
    StandardScaler(),
    BackpropClassifier(solver="lbfgs", max_iter=200, tol=1e-3, random_state=0),
)
search = GridSearchCV(
    model,
    {
        "backpropclassifier__hidden_layer_sizes": SIZES,
        "backpropclassifier__alpha": ALPHAS,
    },
    cv=3,
)

# %%
# The progress bar needs scikit-learn 1.9 and rich (the extra ``progress``). Without them the
# search runs silently.

if find_spec("sklearn.callback") and find_spec("rich"):
    from sklearn.callback import ProgressBar

    search.set_callbacks(ProgressBar(max_propagation_depth=0))

search.fit(X_train, y_train)
best = search.best_params_
test_accuracy = search.score(X_test, y_test)
for name, value in best.items():
    print(f"best {name.removeprefix('backpropclassifier__')}: {value}")
print(f"accuracy in cross-validation {search.best_score_:.3f}, on test data {test_accuracy:.3f}")

# %%
# The map
# -------
#
# One square is one candidate. Eight hidden units are too few, worse than none. Wide layers with a
# penalty of about one are best. A second layer gains nothing here.

order = [
    (
        SIZES.index(p["backpropclassifier__hidden_layer_sizes"]),
        ALPHAS.index(p["backpropclassifier__alpha"]),
    )
    for p in search.cv_results_["params"]
]
scores = np.empty((len(SIZES), len(ALPHAS)))
scores[tuple(np.transpose(order))] = search.cv_results_["mean_test_score"]
seconds = search.cv_results_["mean_fit_time"].sum() * search.n_splits_
print(f"{scores.size} candidates x {search.n_splits_} folds: {seconds:.1f} s of fits")

figure, ax = plt.subplots(figsize=(6.5, 4.5), layout="constrained")
image = ax.imshow(scores, cmap="viridis", aspect="auto")
for (row, column), score in np.ndenumerate(scores):
    ax.text(
        column,
        row,
        f"{score:.3f}",
        ha="center",
        va="center",
        color="white" if score < scores.mean() else "black",
    )
ax.set_xticks(range(len(ALPHAS)), [f"{alpha:g}" for alpha in ALPHAS])
ax.set_yticks(range(len(SIZES)), [str(sizes) for sizes in SIZES])
ax.set(xlabel="alpha", ylabel="hidden_layer_sizes")
figure.colorbar(image, label="accuracy in cross-validation")
plt.show()
