"""Base class of the columns of a table."""


class BaseColumn:
    """Represent a column of a table; conversions to another kind of data raise an error.

    Attributes
    ----------
    name : str
        Name of the column.

    kind : {'number', 'datetime', 'timedelta'}
        Kind of data, if the column is not categorical.

    holds : str
        Kind of data as error messages name it.

    categorical : bool
        Whether the dtype or the values make the column categorical.

    is_text : bool
        Whether it holds strings that are not levels of a categorical dtype.
    """

    name = kind = holds = ""
    categorical = is_text = False

    @property
    def cell_kind(self):
        """Return 'integer' (or boolean, none missing), 'float', 'text', or the ``kind``."""
        return self.kind

    def numbers(self):
        """Return an ndarray of float64, with NaN for missing values."""
        self._refuse("numbers")

    def datetimes(self):
        """Return a ``DatetimeColumn``."""
        self._refuse("dates or times")

    def seconds(self):
        """Return time spans in seconds, an ndarray of float64, with NaN for missing values."""
        self._refuse("time spans")

    def levels(self):
        """Return the distinct categories as texts, and the position of each row's; -1 for none."""
        self._refuse("categories")

    def take(self, codes, categorical, closed=False):
        """Return a column of the cells at the given positions; -1 is a missing value."""
        raise TypeError(
            f"Column {self.name!r} is of a categorical type, but its categories are {self.holds}. "
            "Pass these without the categorical type, or convert them to strings."
        )

    def _refuse(self, expected):
        raise TypeError(f"Column {self.name!r} holds {self.holds} where {expected} are expected.")
