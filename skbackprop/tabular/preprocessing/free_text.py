"""Columns of strings that are no categories, although nothing in their type says so."""

import numpy as np

from ...utils import warn

# Strings are taken for texts or identifiers where more than this share of them differ, in columns
# of more rows than this.
_SHARE = 0.9
_ROWS = 100


def is_free_text(column, levels, codes):
    """Whether a column holds texts or identifiers, and not categories.

    ``levels`` and ``codes`` are what ``column.levels()`` gives.
    """
    n_rows = np.count_nonzero(codes >= 0)
    return column.is_text and n_rows > _ROWS and len(levels) > _SHARE * n_rows


def warn_of_free_text(names):
    """Warn of columns of these names, if there are any."""
    if names:
        columns = ("Columns" if len(names) > 1 else "Column") + " " + ", ".join(map(repr, names))
        warn(
            f"{columns}: nearly all strings differ, so that categories made of them tell next to "
            "nothing. Leave identifiers out. Make numbers of texts before, for example by skrub's "
            "StringEncoder, MinHashEncoder or TextEncoder in a ColumnTransformer. Name a column "
            "in categorical_features to make categories of it without this warning."
        )
