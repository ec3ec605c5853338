"""Type aliases and protocols for the annotations of this package.

Only type checkers import them, so they do not slow down the import of the package.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Array", "ArrayLike", "Callback", "ClassWeight", "FloatArray", "FloatDType", "LayerSizes",
    "MatrixLike", "PerLayer", "RandomState", "Scoring", "ShapedData", "SparseData", "Splits",
    "Splitter", "StartingArrays",
]  # fmt: skip


class SparseData(Protocol):
    """A sparse matrix or array of SciPy."""

    def tocsr(self) -> Any:
        """Return the matrix in CSR format."""


class ShapedData(Protocol):
    """A data frame, or a Dask collection."""

    @property
    def shape(self) -> Any:
        """Return the numbers of rows and columns."""


class Splitter(Protocol):
    """A splitter of scikit-learn, or an object with the same method."""

    def split(self, X: Any, y: Any, groups: Any, /) -> Iterable[tuple[Any, Any]]:
        """Return pairs of positions of training and of validation rows."""


class Callback(Protocol):
    """A callback of ``sklearn.callback``; the two methods for tasks choose their keywords.

    ``on_fit_task_end`` stops the fit by returning True.
    """

    def setup(self, estimator: Any, context: Any) -> object:
        """Handle the start of a fit."""

    def teardown(self, estimator: Any, context: Any) -> object:
        """Handle the end of a fit."""

    @property
    def on_fit_task_begin(self) -> Callable[..., object]:
        """Handle the start of a task, such as an epoch."""

    @property
    def on_fit_task_end(self) -> Callable[..., bool | None]:
        """Handle the end of a task."""


#: An array of any type, such as labels.
Array: TypeAlias = NDArray[Any]

#: An array of float32 or float64.
FloatArray: TypeAlias = NDArray[np.floating[Any]]

#: Allowed types of ``X`` and ``y``.
MatrixLike: TypeAlias = ArrayLike | SparseData | ShapedData

#: One number for all hidden layers, or one for each layer.
LayerSizes: TypeAlias = int | Sequence[int] | NDArray[np.integer[Any]]
PerLayer: TypeAlias = float | Sequence[float] | NDArray[np.floating[Any]]

#: Initial values of each layer; None for values drawn at random.
StartingArrays: TypeAlias = Sequence[ArrayLike | None] | None

#: Weights of labels; also a list of them for multilabel targets or several label columns.
ClassWeight: TypeAlias = (
    Mapping[Any, float]
    | Literal["balanced"]
    | list[Mapping[Any, float] | Literal["balanced"]]
    | None
)

#: Splits into training and validation rows that can be iterated over repeatedly.
Splits: TypeAlias = Splitter | Sequence[tuple[ArrayLike, ArrayLike]]

RandomState: TypeAlias = int | np.random.RandomState | None
FloatDType: TypeAlias = Literal["float32", "float64"]
Scoring: TypeAlias = str | Callable[..., float] | None
