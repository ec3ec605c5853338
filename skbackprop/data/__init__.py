"""Data: checks, encoding and splits, and access to rows in blocks and minibatches.

A ``Gate`` checks the user's data and returns a ``Sample``. Its ``Rows`` provide blocks and
minibatches for the network without copying the whole data set.
"""

from .chosen_splits import check_validation, chosen_splits
from .coded import CodedTable
from .gate import (
    Checked,
    Gate,
    GivenData,
    check_data,
    check_known_columns,
    counted,
    float_type,
    sample_of,
)
from .rows import RowBuffers, Rows
from .sample import Sample
from .splits import (
    can_stratify,
    folds,
    lasting_split,
    sides_of_all,
    split_among,
    split_positions,
)

__all__ = [
    "Checked", "CodedTable", "Gate", "GivenData", "RowBuffers", "Rows", "Sample",
    "can_stratify", "check_data", "check_known_columns", "check_validation", "chosen_splits",
    "counted", "float_type", "folds", "lasting_split", "sample_of", "sides_of_all", "split_among",
    "split_positions",
]  # fmt: skip
