"""Targets of numbers."""

import numpy as np
from sklearn.metrics import r2_score

from ..losses import GaussianNLL, loss_name
from .base import Target


class NumericTarget(Target):
    """Numbers: one or several a row.

    Parameters
    ----------
    row_shape : tuple
        Shape of ``y`` of one row: () or (n_outputs,).

    loss : Loss
        What the network is trained by. It may want several raw outputs for each number.
    """

    form = "{} outputs a row"

    def __init__(self, row_shape, loss):
        self.row_shape = row_shape
        self.loss = loss
        self.n_raw = loss.n_raw(int(np.prod(row_shape)))

    def with_loss(self, loss):
        return NumericTarget(self.row_shape, loss)

    def encode(self, y, dtype):
        """Targets of shape (n_samples, n_outputs)."""
        _refuse_fields(y, self.loss)
        self.check_shape(y)
        columns = y.reshape(len(y), -1)
        if columns.dtype.kind not in "biuf":
            columns = columns.astype(np.float64)
        if not np.isfinite(columns).all():
            raise ValueError("y has NaN or infinity.")
        self.loss.check_target(columns)
        with np.errstate(over="ignore"):  # infinite then, and refused
            encoded = np.ascontiguousarray(self._in_units(columns), dtype)
        if not np.isfinite(encoded).all():
            raise ValueError(f"y has values too large for dtype={np.dtype(dtype).name}. Scale y.")
        self.loss.check_target(encoded)  # small numbers may have become 0
        return encoded

    def _in_units(self, columns):
        """Columns of numbers as the network is shown them."""
        return columns

    def predict(self, raw):
        return _one_dimensional(self.loss.predict(raw))

    @property
    def has_std(self):
        """Whether the network predicts a standard deviation as well."""
        return isinstance(self.loss, GaussianNLL)

    def std(self, raw):
        """Standard deviation of the noise; of a Gaussian likelihood only."""
        return _one_dimensional(self.loss.std(raw))

    def score(self, y, prediction, sample_weight):
        if np.ndim(sample_weight) == 2:
            return self._mean_score(y, prediction, sample_weight)
        score = self.loss.score(y, prediction, sample_weight)
        return r2_score(y, prediction, sample_weight=sample_weight) if score is None else score

    def _mean_score(self, y, prediction, weight):
        """Mean, over the outputs, of the scores on their known targets.

        An output with less than two of them has no score.
        """
        self.check_shape(y)
        known = [np.flatnonzero(column) for column in weight.T]
        scores = [
            self.score(y[rows, j], prediction[rows, j], weight[rows, j])
            for j, rows in enumerate(known)
            if len(rows) > 1
        ]
        return float(np.mean(scores)) if scores else np.nan

    def score_raw(self, y, raw, sample_weight):
        prediction = self.predict(raw)
        if not np.isfinite(prediction).all():
            return np.nan
        return self.score(y, prediction, sample_weight)

    def raw_of_mean(self, mean):
        """Raw prediction of a constant; None where the loss does not say how to find it."""
        link = getattr(self.loss.link, "link", None)
        if link is None or self.loss.raw_per_target > 1:
            return None
        with np.errstate(all="ignore"):
            return link(mean)

    @property
    def outputs(self):
        return list(range(self.n_raw))

    @property
    def raw_names(self):
        return [f"y{i}" for i in range(self.n_raw)] if self.n_raw > 1 else ["y"]

    def slope(self, output, raw, after_link):
        self._check_link(after_link)
        return super().slope(output, raw, after_link)

    def value(self, output, raw, after_link):
        self._check_link(after_link)
        return super().value(output, raw, after_link)

    def _after_link(self, raw):
        return self.predict(raw).reshape(len(raw), -1)

    def _check_link(self, after_link):
        if after_link and self.loss.raw_per_target > 1:
            raise ValueError(
                f"With loss={loss_name(self.loss)}, a prediction is made of several raw outputs; "
                "use of='raw'."
            )


class ScaledTarget(NumericTarget):
    """Numbers that the network is shown in units of their own.

    With an identity link, ``(y - center) / scale`` with mean and standard deviation; with a
    logarithmic one, ``y / scale`` with the mean; with any other, ``y`` as it is.

    Parameters
    ----------
    row_shape : tuple
        Shape of ``y`` of one row: () or (n_outputs,).

    loss : Loss
        What the network is trained by, in its units.

    center, scale : ndarray of shape (n_outputs,)
        The units; a scale of 0 where all numbers are the same.
    """

    def __init__(self, row_shape, loss, center, scale):
        super().__init__(row_shape, loss)
        self.center = center
        self.scale = scale

    @classmethod
    def fitted_to(cls, y, loss, sample_weight):
        """The target with the units of training data."""
        _refuse_fields(y, loss)
        columns = np.asarray(y, np.float64).reshape(len(y), -1)
        mean = np.average(columns, axis=0, weights=sample_weight)
        units = _units(loss)
        if units == "affine":
            center, scale = mean, _spread(columns - mean, sample_weight)
        elif units == "scale":
            center, scale = np.zeros_like(mean), np.where(mean > 0, mean, 1.0)
        else:
            center, scale = np.zeros_like(mean), np.ones_like(mean)
        return cls(y.shape[1:], loss, center, scale)

    def with_loss(self, loss):
        return ScaledTarget(self.row_shape, loss, self.center, self.scale)

    def check_units(self, loss):
        """Refuse a loss that wants other units than those that were found for this one."""
        if loss.couples_rows or _units(loss) != _units(self.loss):
            refuse_other_units(loss, self.loss)

    def _in_units(self, columns):
        return (columns - self.center) / np.where(self.scale > 0, self.scale, 1.0)

    def predict(self, raw):
        center, scale = self._units_for(prediction := super().predict(raw))
        return prediction * scale + center

    def std(self, raw):
        std = super().std(raw)
        return std * self._units_for(std)[1]

    def slope(self, output, raw, after_link):
        scale, _ = self._units_of(self._position(output), after_link)
        return super().slope(output, raw, after_link) * scale

    def value(self, output, raw, after_link):
        value = super().value(output, raw, after_link)
        if after_link:  # by ``predict``
            return value
        scale, center = self._units_of(self._position(output), after_link)
        return value * scale + center

    def _units_of(self, k, after_link):
        """Scale and center of an output, for one in the units of ``y``; else 1 and 0.

        The others are raw outputs below a link that is not the identity, and what a normal
        distribution has besides the mean.
        """
        column, part = divmod(k, self.loss.raw_per_target)
        is_number = getattr(self.loss.link, "units", None) == "affine" or after_link
        if not is_number or (self.has_std and part):
            return 1.0, 0.0
        return self.scale[column], self.center[column]

    def _units_for(self, prediction):
        """Center and scale, to be used on predictions of one or several quantiles."""
        if self.row_shape == ():
            return self.center[0], self.scale[0]
        n_axes = prediction.ndim - 2
        return [unit.reshape(-1, *[1] * n_axes) for unit in (self.center, self.scale)]


def target_of_numbers(y, loss, known=None):
    """Target of numbers of the shape of ``y``, or of the ``known`` one of an earlier fit."""
    if isinstance(known, NumericTarget):
        return known.with_loss(loss)
    return NumericTarget(y.shape[1:], loss)


def refuse_other_units(loss, earlier):
    """Refuse a loss with which a fit cannot go on from one with an earlier loss."""
    raise ValueError(
        f"loss={loss_name(loss)} needs other units of y than loss={loss_name(earlier)}, with "
        "which warm_start or partial_fit goes on. To begin anew, set warm_start=False and call "
        "fit."
    )


def _refuse_fields(y, loss):
    if y.dtype.names is not None:
        raise ValueError(
            f"y is a structured array, which is for loss='cox', but loss is {loss_name(loss)}."
        )


def _units(loss):
    return getattr(loss.link, "units", None)


def _spread(deviations, sample_weight):
    """Root of the mean square of each column; no square is an overflow or 0 for nothing."""
    largest = np.abs(deviations).max(axis=0)
    shares = deviations / np.where(largest > 0, largest, 1.0)
    return largest * np.sqrt(np.average(shares**2, axis=0, weights=sample_weight))


def _one_dimensional(columns):
    """A single column as a vector."""
    return columns[:, 0] if columns.ndim == 2 and columns.shape[1] == 1 else columns
