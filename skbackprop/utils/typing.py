"""Names for what the annotations of this package speak of.

They are imported for type checkers alone, so that they cost no time when the package is imported.
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
        """Return the same as CSR."""


class ShapedData(Protocol):
    """A data frame, or a collection of Dask."""

    @property
    def shape(self) -> Any:
        """Numbers of rows and columns."""


class Splitter(Protocol):
    """A splitter of scikit-learn, or one of your own."""

    def split(self, X: Any, y: Any, groups: Any, /) -> Iterable[tuple[Any, Any]]:
        """Return pairs of positions: of training rows, and of validation rows."""


class Callback(Protocol):
    """A callback of ``sklearn.callback``; its two methods for tasks take the keywords they want.

    ``on_fit_task_end`` asks to stop by returning True.
    """

    def setup(self, estimator: Any, context: Any) -> object:
        """Be told that a fit begins."""

    def teardown(self, estimator: Any, context: Any) -> object:
        """Be told that it has ended."""

    @property
    def on_fit_task_begin(self) -> Callable[..., object]:
        """Be told that a task begins, such as an epoch."""

    @property
    def on_fit_task_end(self) -> Callable[..., bool | None]:
        """Be told that it has ended."""


#: An array of any type: labels, say.
Array: TypeAlias = NDArray[Any]

#: An array of float32 or float64.
FloatArray: TypeAlias = NDArray[np.floating[Any]]

#: What ``X`` and ``y`` may be.
MatrixLike: TypeAlias = ArrayLike | SparseData | ShapedData

#: One number for all hidden layers, or one for each.
LayerSizes: TypeAlias = int | Sequence[int] | NDArray[np.integer[Any]]
PerLayer: TypeAlias = float | Sequence[float] | NDArray[np.floating[Any]]

#: Arrays to start from, layer by layer; None where one is to be drawn.
StartingArrays: TypeAlias = Sequence[ArrayLike | None] | None

#: Weights of labels; where there are several labels or columns of them, also a list of such.
ClassWeight: TypeAlias = (
    Mapping[Any, float]
    | Literal["balanced"]
    | list[Mapping[Any, float] | Literal["balanced"]]
    | None
)

#: Splits into training and validation rows, which can be asked for again.
Splits: TypeAlias = Splitter | Sequence[tuple[ArrayLike, ArrayLike]]

RandomState: TypeAlias = int | np.random.RandomState | None
FloatDType: TypeAlias = Literal["float32", "float64"]
Scoring: TypeAlias = str | Callable[..., float] | None
