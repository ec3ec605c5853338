"""Detection of string columns that hold free text or identifiers instead of categories."""

import numpy as np

from ...utils import warn

# Strings are considered free text or identifiers if more than this fraction of them are distinct,
# in columns with more rows than this.
_SHARE = 0.9
_ROWS = 100


def is_free_text(column, levels, codes):
    """Return whether a column holds free text or identifiers, and not categories.

    ``levels`` and ``codes`` are the result of ``column.levels()``.
    """
    n_rows = np.count_nonzero(codes >= 0)
    return column.is_text and n_rows > _ROWS and len(levels) > _SHARE * n_rows


def warn_of_free_text(names):
    """Warn about the columns with these names, if there are any."""
    if names:
        columns = ("Columns" if len(names) > 1 else "Column") + " " + ", ".join(map(repr, names))
        warn(
            f"{columns}: nearly all strings are different, so they are of little use as "
            "categories. Drop identifiers. Convert free text to numbers first, for example with "
            "skrub's StringEncoder, MinHashEncoder or TextEncoder in a ColumnTransformer. To use "
            "a column as a category without this warning, list it in categorical_features."
        )
