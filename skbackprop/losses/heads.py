"""Sum of several losses, each with its own columns of targets and of raw predictions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from . import Loss

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..utils.typing import Array, FloatArray


class Head(NamedTuple):
    """One of the losses, with the sizes of its targets and raw predictions."""

    loss: Loss
    n_targets: int  # columns
    n_raw: int
    takes_codes: bool  # whether its one column of targets holds class codes

    def targets(self, columns: FloatArray) -> Array:
        """Return the targets in the form that the loss takes."""
        return columns[:, 0].astype(np.intp) if self.takes_codes else columns


class LinksOfHeads(NamedTuple):
    """Names of the links of all heads, for ``out_activation_``."""

    name: list[str]


def _slices(sizes: Iterable[int]) -> list[slice]:
    """Return adjacent slices with the given lengths."""
    return [slice(start, stop) for start, stop in pairwise(accumulate(sizes, initial=0))]


@dataclass(frozen=True)
class SumOfHeads(Loss):
    """Sum of the losses of one or more heads, ``l = sum_j l_j(y_j, raw_j)``.

    The targets of all heads are columns of one array with the floating-point type of the fit, and
    so are their raw predictions. Weights have one column for all heads, or one for each head.
    """

    heads: tuple[Head, ...]

    @property
    def link(self) -> LinksOfHeads:  # type: ignore[override]
        """Return the names of the heads' links; each head makes its own predictions."""
        return LinksOfHeads([head.loss.link.name for head in self.heads])

    @property
    def couples_rows(self) -> bool:  # type: ignore[override]
        """Return whether any of the losses couples rows."""
        return any(head.loss.couples_rows for head in self.heads)

    @property
    def target_slices(self) -> list[slice]:
        """Return the columns of the targets of each head."""
        return _slices(head.n_targets for head in self.heads)

    @property
    def raw_slices(self) -> list[slice]:
        """Return the columns of the raw predictions of each head."""
        return _slices(head.n_raw for head in self.heads)

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        total = 0.0
        for j, (head, targets, columns) in enumerate(
            zip(self.heads, self.target_slices, self.raw_slices, strict=True)
        ):
            weight = sample_weight
            if weight is not None and weight.shape[1] > 1:
                weight = weight[:, j : j + 1]
            own_raw = np.ascontiguousarray(raw[:, columns])
            gradient = np.empty_like(own_raw)
            total += head.loss.loss_gradient(
                head.targets(y[:, targets]), own_raw, weight, gradient
            )
            out[:, columns] = gradient
        return total
