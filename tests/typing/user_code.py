"""A user's program that type checkers accept; ``assert_type`` says what they know of each value.

It is not run.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    PiecewiseLinearEncoder,
    SmoothClipScaler,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.activations import ACTIVATIONS, Activation, LeakyReLU, from_functions
from skbackprop.callbacks import LossProgressBar
from skbackprop.inspection import (
    GradientCheck,
    backpropagate,
    check_directional_derivatives,
    check_gradient,
    input_gradient,
    layer_outputs,
    level_contrasts,
    minimize_input,
)
from skbackprop.losses import ClassificationLoss, Focal, Huber, Loss, Quantile
from skbackprop.plotting import LossCurveDisplay, NetworkDisplay, WeightsDisplay
from skbackprop.training import Progress

Floats = NDArray[np.floating[Any]]

rng = np.random.default_rng(0)
X, y = rng.normal(size=(20, 3)), rng.integers(2, size=20)

# ---- estimators

classifier = BackpropClassifier(
    (20, 10),
    ["tanh", LeakyReLU(0.2)],
    solver="adam",
    alpha=1e-3,
    batch_size=32,
    learning_rate="cosine",
    loss=Focal(1.0),
    class_weight={0: 1.0, 1: 2.5},
    n_iter_no_change=np.inf,
    dropout=(0.1, 0.2),
    dtype="float32",
    random_state=np.random.RandomState(0),
)
assert_type(classifier.fit(X, y), BackpropClassifier)
assert_type(classifier.fit(X.tolist(), [str(label) for label in y], X_val=X, y_val=y).loss_, float)
assert_type(classifier.partial_fit(X, y, classes=[0, 1]), BackpropClassifier)
assert_type(classifier.set_callbacks(LossProgressBar(None)), BackpropClassifier)
assert_type(classifier.predict(X), NDArray[Any])
assert_type(classifier.predict_proba(X), Floats | Any)
classifier.predict_proba(X)[:, 1].mean()
assert_type(classifier.score(X, y, sample_weight=np.ones(20)), float)
assert_type(classifier.summary(), str)
assert_type(classifier.coefs_, list[Floats])
assert_type(classifier.loss_curve_, list[float])
assert_type(classifier.validation_scores_, list[float] | None)
assert_type(classifier.n_iter_, int)
assert_type(classifier.alpha, float)

regressor = BackpropRegressor(
    loss=Quantile((0.1, 0.9)), learning_rate=lambda at: 1 / (1 + at.epoch)
)
assert_type(regressor.fit(X, X[:, 0]).predict(X), Floats)
assert_type(regressor.predict(X, return_std=False), Floats)
assert_type(regressor.predict(X, return_std=True), tuple[Floats, Floats])
assert_type(regressor.sample_y(X, 3, random_state=0), Floats)
assert_type(regressor.partial_fit(X, X[:, 0]).score(X, X[:, 0]), float)

# ---- tables

table = TabularClassifier(2, embedding=None, categorical_features=[0], label_smoothing=0.1)
assert_type(table.fit(X, y), TabularClassifier)
assert_type(table.partial_fit(X, y, classes=[0, 1]), TabularClassifier)
assert_type(TabularRegressor(warm_start=True).partial_fit(X, X[:, 0]), TabularRegressor)
assert_type(table.encoder_, TableEncoder)
assert_type(table.scaler_, SmoothClipScaler | None)
assert_type(table.members_[0].n_iter, int)
mean, std = (
    TabularRegressor(min_steps=100, max_iter=10).fit(X, X[:, 0]).predict(X, return_std=True)
)
assert_type(std, Floats)
assert_type(SmoothClipScaler(clip=2).fit(X), SmoothClipScaler)
assert_type(PiecewiseLinearEncoder(8, "tree").fit(X, y), PiecewiseLinearEncoder)
TabularRegressor(embedding=["periodic", None])
assert_type(
    TableEncoder(min_frequency=0.1, dtype=np.float64).fit(X).get_feature_names_out(), NDArray[Any]
)

# ---- components of one's own


class LastRows:
    """A splitter with the methods of scikit-learn's."""

    def get_n_splits(self, X: Any = None, y: Any = None, groups: Any = None) -> int:
        return 1

    def split(
        self, X: Any, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        yield np.arange(15), np.arange(15, 20)


by_group = BackpropClassifier(early_stopping=True, validation=LastRows())
assert_type(by_group.fit(X, y, groups=np.arange(20) // 5), BackpropClassifier)
BackpropRegressor(early_stopping=True, validation=[(range(15), np.arange(15, 20))])


@dataclass(frozen=True)
class Square(Activation):
    needs_input = True
    init_factor = 12.0

    def forward(self, Z: Floats, out: Floats) -> None:
        np.multiply(Z, Z, out=out)

    def backward(self, delta: Floats, H: Floats, Z: Floats) -> None:
        delta *= 2 * Z


@dataclass(frozen=True)
class FourthPower(Loss):
    def loss_gradient(
        self, y: NDArray[Any], raw: Floats, sample_weight: Floats | None, out: Floats
    ) -> float:
        weight = 1 if sample_weight is None else sample_weight
        out[...] = weight * (raw - y) ** 3
        return float(np.sum(weight * (raw - y) ** 4)) / 4


def halved_every_ten_epochs(progress: Progress) -> float:
    return 0.5 ** (progress.epoch // 10)


sine = from_functions(np.sin, np.cos)
own = BackpropRegressor(
    (5, 5, 5),
    [Square(), "tanh", sine],
    loss=FourthPower(),
    learning_rate=halved_every_ten_epochs,
    scoring=lambda estimator, X, y: 0.0,
)
for name, activation in ACTIVATIONS.items():
    assert_type(BackpropRegressor((5,), name), BackpropRegressor)
    assert_type(activation.init_factor, float)
assert_type(Huber(delta=2.0).delta, float)
assert_type(Quantile(0.5).levels, tuple[float, ...])
focal: ClassificationLoss = Focal().multiclass()


# ---- callbacks


class TimeBudget:
    def setup(self, estimator: Any, context: Any) -> None:
        pass

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        pass

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any) -> bool:
        return True

    def teardown(self, estimator: Any, context: Any) -> None:
        pass


assert_type(own.set_callbacks(TimeBudget()), BackpropRegressor)

# ---- a look inside

passes = backpropagate(classifier, X, y)
assert_type(passes.loss, float)
assert_type(passes.deltas, list[Floats])
assert_type(layer_outputs(classifier, X), list[Floats] | Any)
assert_type(layer_outputs(table, X), list[Floats] | Any)
assert_type(input_gradient(classifier, X, output=1, of="probability"), Floats)
assert_type(input_gradient(table, X), Floats)
assert_type(level_contrasts(table, X, 0, of="probability").contrasts, Floats)
assert_type(minimize_input(classifier, X, 1, (-1, 1)).X, Floats)
assert_type(check_gradient(classifier, X, y), GradientCheck)
assert_type(
    check_directional_derivatives(lambda t: (np.sum(t**2), 2 * t), X[0]).max_relative_error, float
)
assert_type(LossCurveDisplay.from_estimator(classifier, regressor), LossCurveDisplay)
assert_type(NetworkDisplay.from_estimator(classifier), NetworkDisplay)
assert_type(WeightsDisplay.from_estimator(classifier, shape=(1, 3)), WeightsDisplay)
