"""A table that stores categories as codes, and expands them to columns block by block."""

import numpy as np


class CodedTable:
    """Store numeric columns, and indicator columns of two values as codes.

    Parameters
    ----------
    numbers : ndarray of shape (n_samples, n_numbers)
        The numeric columns, which come first.

    positions : ndarray of int of shape (n_samples, n_categories)
        For each category, the indicator column that has its second value; -1 for none.

    off, on : ndarray of shape (n_columns,)
        The first and the second value of each indicator column.

    levels : ndarray of int of shape (n_samples, n_categories), default=None
        Level of each category in each row, counted from 0: levels with their own column come
        first, then the rare ones, which share a column. -1 for unknown levels.
    """

    dtype = np.dtype(object)  # differs from every float type, so ``Rows`` always converts it

    def __init__(self, numbers, positions, off, on, levels=None):
        self.numbers = numbers
        self.positions = positions
        self.off = off
        self.on = on
        self.levels = levels

    @property
    def shape(self):
        """Return the numbers of rows and of columns."""
        return len(self.numbers), self.numbers.shape[1] + len(self.off)

    @property
    def data(self):
        """Return all values that may occur, like ``data`` of a sparse matrix."""
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
        """Return all columns as an array with the type of the numbers."""
        if len(self.off) == 0:
            return self.numbers
        return self.fill(np.empty(self.shape, self.numbers.dtype))

    def with_numbers(self, numbers):
        """Return the table with further numeric columns after its own."""
        if numbers.shape[1] == 0:
            return self
        joined = np.hstack([self.numbers, numbers.astype(self.numbers.dtype)])
        return CodedTable(joined, self.positions, self.off, self.on)

    def counts(self):
        """Return the number of rows in which each indicator column has its second value."""
        n_columns = len(self.off)
        counts = np.zeros(n_columns, dtype=np.intp)
        for column in self.positions.T:
            counts += np.bincount(column[column >= 0], minlength=n_columns)
        return counts

    def select_columns(self, kept, dtype):
        """Return the columns selected by a mask, converted to another type."""
        of_numbers, of_others = np.split(kept, [self.numbers.shape[1]])
        new = np.where(of_others, np.cumsum(of_others) - 1, -1).astype(self.positions.dtype)
        return CodedTable(
            self.numbers[:, of_numbers].astype(dtype),
            np.append(new, new.dtype.type(-1))[self.positions],
            self.off[of_others].astype(dtype),
            self.on[of_others].astype(dtype),
        )
