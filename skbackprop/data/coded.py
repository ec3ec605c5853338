"""A table whose categories are kept as codes, and are columns only while a block is worked on."""

import numpy as np


class CodedTable:
    """Numbers, then columns of two values, of which each row has few at the second one.

    Parameters
    ----------
    numbers : ndarray of shape (n_samples, n_numbers)
        The first columns.

    positions : ndarray of int of shape (n_samples, n_categories)
        Which of the other columns are on; -1 for none.

    off, on : ndarray of shape (n_columns,)
        The two values of each of the other columns.

    levels : ndarray of int of shape (n_samples, n_categories), default=None
        Which level of each category a row has, counted from 0: those with columns come first, then
        the rare ones, which share a column. -1 for none that is known.
    """

    dtype = np.dtype(object)  # to be converted, whatever is asked for

    def __init__(self, numbers, positions, off, on, levels=None):
        self.numbers = numbers
        self.positions = positions
        self.off = off
        self.on = on
        self.levels = levels

    @property
    def shape(self):
        """Numbers of rows and of columns."""
        return len(self.numbers), self.numbers.shape[1] + len(self.off)

    @property
    def data(self):
        """All values that may occur, as of a sparse matrix."""
        return np.concatenate([self.numbers.ravel(), self.off, self.on])

    def __getitem__(self, rows):
        return CodedTable(self.numbers[rows], self.positions[rows], self.off, self.on)

    def fill(self, out):
        """Write all columns into an array, and return it."""
        n_numbers = self.numbers.shape[1]
        out[:, :n_numbers] = self.numbers
        out[:, n_numbers:] = self.off
        rows, which = np.nonzero(self.positions >= 0)
        columns = self.positions[rows, which].astype(np.intp)
        out[rows, n_numbers + columns] = self.on[columns]
        return out

    def dense(self):
        """All columns, of the type of the numbers."""
        if len(self.off) == 0:
            return self.numbers
        return self.fill(np.empty(self.shape, self.numbers.dtype))

    def with_numbers(self, numbers):
        """The table with more numbers, after its own ones."""
        if numbers.shape[1] == 0:
            return self
        joined = np.hstack([self.numbers, numbers.astype(self.numbers.dtype)])
        return CodedTable(joined, self.positions, self.off, self.on)

    def counts(self):
        """In how many rows each column is on."""
        n_columns = len(self.off)
        counts = np.zeros(n_columns, dtype=np.intp)
        for column in self.positions.T:
            counts += np.bincount(column[column >= 0], minlength=n_columns)
        return counts

    def select_columns(self, kept, dtype):
        """Some columns, of a mask, as another type."""
        of_numbers, of_others = np.split(kept, [self.numbers.shape[1]])
        new = np.where(of_others, np.cumsum(of_others) - 1, -1).astype(self.positions.dtype)
        return CodedTable(
            self.numbers[:, of_numbers].astype(dtype),
            np.append(new, new.dtype.type(-1))[self.positions],
            self.off[of_others].astype(dtype),
            self.on[of_others].astype(dtype),
        )
