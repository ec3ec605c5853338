"""Regression targets."""

import numpy as np
from sklearn.metrics import r2_score

from ..losses import GaussianNLL, loss_name
from .base import Target


class NumericTarget(Target):
    """Regression target: one or several numbers per row.

    Parameters
    ----------
    row_shape : tuple
        Shape of ``y`` of one row: () or (n_outputs,).

    loss : Loss
        Loss function of the training. It may need several raw outputs for each number.
    """

    form = "{} outputs per row"

    def __init__(self, row_shape, loss):
        self.row_shape = row_shape
        self.loss = loss
        self.n_raw = loss.n_raw(int(np.prod(row_shape)))

    def with_loss(self, loss):
        return NumericTarget(self.row_shape, loss)

    def encode(self, y, dtype):
        """Return targets of shape (n_samples, n_outputs)."""
        _refuse_fields(y, self.loss)
        self.check_shape(y)
        columns = y.reshape(len(y), -1)
        if columns.dtype.kind not in "biuf":
            columns = columns.astype(np.float64)
        if not np.isfinite(columns).all():
            raise ValueError("y has NaN or infinity.")
        self.loss.check_target(columns)
        with np.errstate(over="ignore"):  # infinite values are refused below
            encoded = np.ascontiguousarray(self._in_units(columns), dtype)
        if not np.isfinite(encoded).all():
            raise ValueError(f"y has values too large for dtype={np.dtype(dtype).name}. Scale y.")
        self.loss.check_target(encoded)  # small numbers may have been rounded to 0
        return encoded

    def _in_units(self, columns):
        """Return the columns in the units that the network is trained in."""
        return columns

    def predict(self, raw):
        return _one_dimensional(self.loss.predict(raw))

    @property
    def has_std(self):
        """Return whether the network predicts a standard deviation as well."""
        return isinstance(self.loss, GaussianNLL)

    def std(self, raw):
        """Return the standard deviation of the noise; for a Gaussian likelihood only."""
        return _one_dimensional(self.loss.std(raw))

    def score(self, y, prediction, sample_weight):
        if np.ndim(sample_weight) == 2:
            return self._mean_score(y, prediction, sample_weight)
        score = self.loss.score(y, prediction, sample_weight)
        return r2_score(y, prediction, sample_weight=sample_weight) if score is None else score

    def _mean_score(self, y, prediction, weight):
        """Return the mean over the outputs of the scores on their known targets.

        Outputs with fewer than two known targets are left out.
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
        """Return the raw prediction for the constant ``mean``, or None if it is unknown."""
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
                f"With loss={loss_name(self.loss)}, a prediction depends on several raw outputs. "
                "Use of='raw'."
            )


class ScaledTarget(NumericTarget):
    """Regression target that is scaled for training and scaled back for predictions.

    With an identity link the network is trained on ``(y - center) / scale``, with mean and
    standard deviation; with a log link on ``y / scale``, with the mean; with any other link on
    ``y``.

    Parameters
    ----------
    row_shape : tuple
        Shape of ``y`` of one row: () or (n_outputs,).

    loss : Loss
        Loss function of the training, in scaled units.

    center, scale : ndarray of shape (n_outputs,)
        Shift and scale of each output; the scale is 0 if all numbers are equal.
    """

    def __init__(self, row_shape, loss, center, scale):
        super().__init__(row_shape, loss)
        self.center = center
        self.scale = scale

    @classmethod
    def fitted_to(cls, y, loss, sample_weight):
        """Return the target with the units of the training data."""
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
        """Raise ValueError if another loss needs a different scaling of ``y``."""
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
        if after_link:  # ``predict`` has scaled it back
            return value
        scale, center = self._units_of(self._position(output), after_link)
        return value * scale + center

    def _units_of(self, k, after_link):
        """Return scale and center of an output in the units of ``y``, otherwise 1 and 0.

        Raw outputs are not in the units of ``y`` if the link is not the identity, or if they are
        the variance of a normal distribution.
        """
        column, part = divmod(k, self.loss.raw_per_target)
        is_number = getattr(self.loss.link, "units", None) == "affine" or after_link
        if not is_number or (self.has_std and part):
            return 1.0, 0.0
        return self.scale[column], self.center[column]

    def _units_for(self, prediction):
        """Return center and scale, shaped for predictions of one or several quantiles."""
        if self.row_shape == ():
            return self.center[0], self.scale[0]
        n_axes = prediction.ndim - 2
        return [unit.reshape(-1, *[1] * n_axes) for unit in (self.center, self.scale)]


def target_of_numbers(y, loss, known=None):
    """Return the target of numbers ``y``, with the shape of an earlier fit if there is one."""
    if isinstance(known, NumericTarget):
        return known.with_loss(loss)
    return NumericTarget(y.shape[1:], loss)


def refuse_other_units(loss, earlier):
    """Raise ValueError for a loss that cannot continue a fit with an earlier loss."""
    raise ValueError(
        f"loss={loss_name(loss)} needs a different scaling of y than loss={loss_name(earlier)} of "
        "the fit that warm_start or partial_fit continues. To start a new fit, set "
        "warm_start=False and call fit."
    )


def _refuse_fields(y, loss):
    if y.dtype.names is not None:
        raise ValueError(
            f"y is a structured array, which needs loss='cox', but loss is {loss_name(loss)}."
        )


def _units(loss):
    return getattr(loss.link, "units", None)


def _spread(deviations, sample_weight):
    """Return the root mean square of each column without overflow or underflow of squares."""
    largest = np.abs(deviations).max(axis=0)
    shares = deviations / np.where(largest > 0, largest, 1.0)
    return largest * np.sqrt(np.average(shares**2, axis=0, weights=sample_weight))


def _one_dimensional(columns):
    """Return a single column as a vector, and several columns unchanged."""
    return columns[:, 0] if columns.ndim == 2 and columns.shape[1] == 1 else columns
