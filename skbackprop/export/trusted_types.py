"""Types that skops must trust to load estimators of this package."""

from ..activations import ACTIVATIONS, FromFunctions
from ..classifier import BackpropClassifier
from ..losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, SURVIVAL_LOSSES
from ..losses.heads import Head, SumOfHeads
from ..network import (
    LAYERS,
    ClippedLines,
    DropoutStream,
    FittedNetwork,
    Network,
    UnitVariance,
)
from ..network.initializers import GlorotUniform
from ..regressor import BackpropRegressor
from ..tabular import (
    PiecewiseLinearEncoder,
    SmoothClipScaler,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)
from ..targets import (
    BinaryTarget,
    LabelColumnsTarget,
    MulticlassTarget,
    MultilabelTarget,
    NumericTarget,
    OrdinalTarget,
    ScaledTarget,
    SurvivalTarget,
)
from ..training import UPDATE_RULES, Outcome, TrainingState

_ESTIMATORS = (
    *(BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor),
    *(PiecewiseLinearEncoder, SmoothClipScaler, TableEncoder),
)
_TARGETS = (
    *(BinaryTarget, LabelColumnsTarget, MulticlassTarget, MultilabelTarget),
    *(NumericTarget, OrdinalTarget, ScaledTarget, SurvivalTarget),
)
_PARTS = (
    *(Head, SumOfHeads, FromFunctions),
    *(ClippedLines, Network, FittedNetwork, DropoutStream, GlorotUniform, UnitVariance),
    *(Outcome, TrainingState),
)

# By name, because their modules need an extra or are private to their package.
_BY_NAME = (
    "skbackprop.dask.estimators.DaskBackpropClassifier",
    "skbackprop.dask.estimators.DaskBackpropRegressor",
    "skbackprop.tabular.preprocessing.category_means.CategoryMeans",
    "skbackprop.tabular.preprocessing.encoder._Levels",
    "skbackprop.training.patience.Patience",
    "skbackprop.training.schedules.CountedProgress",
    "skbackprop.training.solvers.averaging.MovingAverage",
)

# The type of the parameters, and the random generator of dropout in a training that can continue.
_OF_NUMPY = (
    "numpy.dtype",
    "numpy.random._sfc64.SFC64",
    "numpy.random.bit_generator.SeedSequence",
)


def _registered():
    """Return the classes of all components that have a name."""
    families = REGRESSION_LOSSES, CLASSIFICATION_LOSSES, SURVIVAL_LOSSES
    losses = [loss for family in families for loss in family.values()]
    of_many_classes = [loss.multiclass() for loss in CLASSIFICATION_LOSSES.values()]
    components = [*ACTIVATIONS.values(), *losses, *of_many_classes]
    return [*map(type, components), *LAYERS.values(), *UPDATE_RULES.values()]


def _names():
    for kind in (*_ESTIMATORS, *_TARGETS, *_PARTS, *_registered()):
        yield f"{kind.__module__}.{kind.__qualname__}"
    yield from (*_BY_NAME, *_OF_NUMPY)


#: Names of all types that a :mod:`skops.io` file with a fitted estimator of this package may
#: contain, for ``skops.io.load(file, trusted=TRUSTED_TYPES)``. None of them runs code of the file.
TRUSTED_TYPES: tuple[str, ...] = tuple(sorted(set(_names())))
