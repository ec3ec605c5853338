"""Learning rate schedules and averaging, compared on three data sets that come with scikit-learn.

    python examples/benchmarks/schedules.py

It prints the error on test rows, the mean over five seeds: the squared error of the noiseless
function for Friedman's data, the log loss for digits, and the squared error of the scaled target
for diabetes. All fits have 30 epochs of minibatches of 20 rows.
"""

import warnings

import numpy as np
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from skbackprop import BackpropClassifier, BackpropRegressor

RATES = (0.003, 0.01, 0.03)
SIDES = {
    "constant": {},
    "cosine": {"learning_rate": "cosine"},
    "one_cycle": {"learning_rate": "one_cycle"},
    "average": {"average": 0.99},
}


def friedman(seed):
    X, y = make_friedman1(5000, noise=2.0, random_state=2 * seed)
    X_test, y_test = make_friedman1(2000, noise=0.0, random_state=2 * seed + 1)
    return X, X_test, y / 5, y_test / 5


def digits(seed):
    X, y = load_digits(return_X_y=True)
    return train_test_split(X / 16, y, random_state=seed)


def diabetes(seed):
    X, y = load_diabetes(return_X_y=True)
    return train_test_split(scale(X), scale(y), random_state=seed)


def error(data, seed, **parameters):
    """Error on the test rows of one fit."""
    X, X_test, y, y_test = data(seed)
    estimator = BackpropClassifier if data is digits else BackpropRegressor
    model = estimator(
        (64,),
        batch_size=20,
        max_iter=30,
        n_iter_no_change=np.inf,
        random_state=seed,
        **parameters,
    ).fit(X, y)
    if data is digits:
        return log_loss(y_test, model.predict_proba(X_test))
    return np.mean((model.predict(X_test) - y_test) ** 2)


def main():
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    print("| data | rate |", " | ".join(SIDES), "|")
    print("|---" * (2 + len(SIDES)) + "|")
    for data in (friedman, digits, diabetes):
        for rate in RATES:
            means = [
                np.mean([error(data, seed, learning_rate_init=rate, **side) for seed in range(5)])
                for side in SIDES.values()
            ]
            print(f"| {data.__name__} | {rate} |", " | ".join(f"{m:.3f}" for m in means), "|")


if __name__ == "__main__":
    main()
