"""What every column of a table can be asked for."""


class BaseColumn:
    """A column of a table, which gives what it holds, and refuses to be anything else.

    Attributes
    ----------
    name : str
        Name of the column.

    kind : {'number', 'datetime', 'timedelta'}
        What it holds, if it is not a category.

    holds : str
        The same for messages.

    categorical : bool
        Whether it holds categories by its type, or by what is in it.

    is_text : bool
        Whether it holds strings, and these are not levels of a type of categories.
    """

    name = kind = holds = ""
    categorical = is_text = False

    @property
    def cell_kind(self):
        """'integer' (or boolean) with none missing, 'float', 'text', or the ``kind``."""
        return self.kind

    def numbers(self):
        """An ndarray of float64, NaN where a number is missing."""
        self._refuse("numbers")

    def datetimes(self):
        """A ``DatetimeColumn``."""
        self._refuse("dates or times")

    def seconds(self):
        """Lengths of time spans in seconds, an ndarray of float64; NaN where one is missing."""
        self._refuse("time spans")

    def levels(self):
        """The different categories, as texts, and which of them is in each row; -1 for none."""
        self._refuse("categories")

    def take(self, codes, categorical, closed=False):
        """A column of the same cells: those at some positions, -1 for a missing one."""
        raise TypeError(
            f"Column {self.name!r} is of a categorical type, but its categories are {self.holds}: "
            "give these themselves, or make strings of them."
        )

    def _refuse(self, expected):
        raise TypeError(f"Column {self.name!r} holds {self.holds} where {expected} are expected.")
