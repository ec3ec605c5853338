"""
========================================
Text: classify sparse rows in a pipeline
========================================

A vectorizer turns texts into thousands of columns, of which each row fills a few dozen. The
networks take such sparse matrices without making them dense. On texts, a hidden layer often gains
little over a linear model, and here it gains nothing.

The texts are real and already on this computer: the docstrings of NumPy, SciPy and scikit-learn.
The task is to tell the library from a single paragraph.
"""

# %%
# The texts
# ---------
#
# Take every paragraph of prose, without code and lists of parameters.

import inspect
import re
from importlib import import_module

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from skbackprop import BackpropClassifier

MODULES = {
    "numpy": ("numpy", "numpy.linalg", "numpy.fft", "numpy.ma", "numpy.polynomial.polynomial"),
    "scipy": ("scipy.stats", "scipy.signal", "scipy.optimize", "scipy.linalg", "scipy.ndimage"),
    "sklearn": (
        "sklearn.cluster",
        "sklearn.decomposition",
        "sklearn.ensemble",
        "sklearn.linear_model",
        "sklearn.metrics",
        "sklearn.preprocessing",
    ),
}


def paragraphs(module_name):
    """Paragraphs of prose in the documentation of a module's functions and classes."""
    for name, thing in sorted(vars(import_module(module_name)).items()):
        if name.startswith("_") or not callable(thing):
            continue
        for paragraph in re.split(r"\n\s*\n", inspect.getdoc(thing) or ""):
            text = " ".join(paragraph.split())
            if text[:1].isupper() and len(text) > 80 and ">>>" not in text and "---" not in text:
                yield text


texts = {}
for library, names in MODULES.items():
    for name in names:
        for text in paragraphs(name):
            texts.setdefault(text, library)
documents, y = np.array(list(texts)), np.array(list(texts.values()))
for library in MODULES:
    print(f"{library:<8} {np.sum(y == library):5d} paragraphs")

# %%
# From words to a sparse matrix
# -----------------------------
#
# The names of the libraries would give the answer away, so they are stop words.

names_of_libraries = ["numpy", "np", "scipy", "sklearn", "scikit", "learn"]
vectorizer = TfidfVectorizer(
    stop_words=[*ENGLISH_STOP_WORDS, *names_of_libraries],
    token_pattern=r"[a-z]{2,}",
    min_df=2,
    dtype=np.float32,
)
train, test, y_train, y_test = train_test_split(
    documents, y, test_size=0.25, stratify=y, random_state=0
)
X_train = vectorizer.fit_transform(train)
share = X_train.nnz / np.prod(X_train.shape)
print(f"{X_train.shape[0]} rows, {X_train.shape[1]} columns, {share:.2%} filled, {X_train.dtype}")

# %%
# With and without a hidden layer
# -------------------------------
#
# ``hidden_layer_sizes=()`` is the linear model. The first layer multiplies the sparse matrix, all
# others are dense. The matrix is float32, so the network computes in float32.

accuracies = {}
for sizes in ((), (30,)):
    model = make_pipeline(
        vectorizer,
        BackpropClassifier(
            sizes,
            alpha=0.01,
            batch_size=64,
            learning_rate_init=0.01,
            early_stopping=True,
            scoring="loss",
            n_iter_no_change=5,
            random_state=0,
        ),
    ).fit(train, y_train)
    accuracies[sizes] = model.score(test, y_test)
    network = model[-1]
    print(
        f"hidden_layer_sizes={sizes!s:<6} test accuracy {accuracies[sizes]:.3f}, "
        f"best epoch {network.best_iter_} of {network.n_iter_}, {network.coefs_[0].dtype}"
    )
majority = np.mean(y_test == max(MODULES, key=lambda library: np.sum(y_train == library)))
print(f"always the most frequent library: {majority:.3f}")

# %%
# Words that speak for a library
# ------------------------------
#
# Predict the text of a single word, for each of the 600 most frequent words. These have the
# largest lead of one library's raw prediction over the next.

words = vectorizer.get_feature_names_out()
frequent = words[np.argsort(-X_train.getnnz(axis=0))[:600]]
raw = network.decision_function(vectorizer.transform(frequent))

figure, axes = plt.subplots(1, 3, figsize=(9, 3.6), sharex=True, layout="constrained")
for k, (ax, library) in enumerate(zip(axes, network.classes_)):
    lead = raw[:, k] - np.delete(raw, k, axis=1).max(axis=1)
    top = np.argsort(lead)[-10:]
    ax.barh(frequent[top], lead[top], color="lightsteelblue")
    ax.set(title=library, xlabel="lead over the next library")
plt.show()
