"""
=============================
Dropout on a small, noisy set
=============================

A large network memorises a small training set, including its wrong labels. Dropout [1]_ prevents
that: each step leaves out a random part of the units, so no unit can rely on a particular other
one. Predictions use all units. Here it raises the test accuracy after 80 epochs from 0.81 to 0.90.

.. [1] Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), "Dropout: a simple way to
   prevent neural networks from overfitting", JMLR 15:1929-1958.
"""

# %%
# Data
# ----
#
# 300 handwritten digits. A fifth of them get a random label; the test labels are correct.

import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from skbackprop import BackpropClassifier

warnings.filterwarnings("ignore", category=ConvergenceWarning)

SEEDS = range(3)
RATES = (0.0, 0.25, 0.5, 0.75)
N_EPOCHS = 80


def draw(seed):
    """Training data with wrong labels, and test data."""
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, train_size=300, stratify=y, random_state=seed
    )
    rng = np.random.default_rng(seed)
    wrong = rng.uniform(size=300) < 0.2
    return X_train, np.where(wrong, rng.integers(10, size=300), y_train), X_test, y_test


# %%
# Fits
# ----
#
# All rates have the same starting weights and the same order of rows, because dropout has its own
# random stream. The validation data passed to ``fit`` only serve to record the accuracy here.

curves = {rate: [] for rate in RATES}
for seed in SEEDS:
    X_train, y_train, X_test, y_test = draw(seed)
    for rate in RATES:
        model = BackpropClassifier(
            (200,),
            dropout=rate,
            learning_rate_init=0.005,
            batch_size=50,
            max_iter=N_EPOCHS,
            n_iter_no_change=N_EPOCHS,
            random_state=seed,
        ).fit(X_train, y_train, X_val=X_test, y_val=y_test)
        curves[rate].append(model.validation_scores_)

curves = {rate: np.mean(values, axis=0) for rate, values in curves.items()}
final = {rate: float(curve[-1]) for rate, curve in curves.items()}
for rate, accuracy in final.items():
    print(f"dropout={rate:<5} accuracy on test data after {N_EPOCHS} epochs {accuracy:.3f}")

# %%
# The figure
# ----------
#
# Without dropout, the accuracy peaks early and falls as the network learns the wrong labels. With
# dropout it takes longer to rise and falls less.

import matplotlib.pyplot as plt

figure, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
colors = plt.get_cmap("viridis")(np.linspace(0, 0.85, len(RATES)))
for (rate, curve), color in zip(curves.items(), colors):
    ax.plot(np.arange(1, N_EPOCHS + 1), curve, color=color, label=f"dropout={rate:g}")
ax.set(
    xlabel="epoch",
    ylabel="accuracy on test data",
    ylim=(0.7, None),
    title=f"300 digits, a fifth with random labels; mean of {len(SEEDS)} draws",
)
ax.legend(loc="lower right", frameon=False)
plt.show()
