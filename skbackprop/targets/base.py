"""Base class of targets, which encode ``y`` and turn raw outputs into predictions."""

from copy import copy

import numpy as np
from sklearn.metrics import accuracy_score

from ..losses import loss_name

# Smallest probabilities, so that all have a logarithm; by bytes of a float. They are arrays
# because NumPy is slower with scalars, which matters for predictions of one row.
_SMALLEST = {np.dtype(t).itemsize: np.array(np.finfo(t).tiny) for t in ("f4", "f8")}


class Target:
    """Define what ``y`` means to a network; the only place that knows it.

    A target knows how ``y`` is encoded, the loss and its link, and which raw output belongs to
    which class or value. It turns raw outputs into labels, numbers, probabilities and decisions,
    and computes their gradients with respect to the raw outputs. ``fit`` makes it once, and the
    fitted estimator keeps it, so that predictions do not depend on parameters changed later.

    Targets are immutable; the methods ``with_...`` return a new one.

    Attributes
    ----------
    loss : Loss
        Loss function of the training, with its link.

    n_raw : int
        Number of raw outputs of the network.

    row_shape : tuple
        Shape of ``y`` of one row.

    ordered : tuple of tuples of int
        Groups of raw outputs that belong to ordered classes, from the lowest class to the highest.
        The network computes each group from one score and thresholds.

    class_weight : ndarray or None
        Weights of the classes, in the order of the classes; None for ones.

    form : str
        Description of ``y`` of one row for messages; {} is the number of columns.

    obstacle : str or None
        Property that ``to_sklearn`` cannot express, in words; None if there is none.

    stand_ins : list or None
        For each column of ``y``, the value to use for missing ones if the data have no known
        value. None if the value of any other column can be used.
    """

    class_weight = obstacle = stand_ins = None
    ordered = ()

    @property
    def out_activation(self):
        """Return the name of the inverse link; for several heads, a list of names."""
        return self.loss.link.name

    @property
    def n_outputs(self):
        """Return the number of outputs, each of which may have several raw outputs."""
        return self.n_raw // self.loss.raw_per_target

    # ---- encoding y

    def check_shape(self, y):
        """Raise ValueError if the rows of a validated ``y`` have another shape."""
        if y.shape[1:] != self.row_shape:
            form = self.form.format(*self.row_shape, 1)
            raise ValueError(f"y has shape {y.shape}, but the training data have {form}.")

    def check(self, y):
        """Raise ValueError if a validated ``y`` has another shape or unknown values."""
        self.check_shape(y)

    def encode(self, y, dtype):
        """Check a validated ``y`` and encode it for the loss."""
        raise NotImplementedError

    def as_columns(self, y):
        """Return ``y`` for statistics, of shape (n_samples, n_columns).

        Classes are integers whose order has no meaning. Numbers are floats in the units of the
        network.
        """
        return self.encode(y, np.float64).reshape(len(y), -1)

    def strata(self, encoded):
        """Return the classes by which to stratify a split; None for no classes."""
        return None

    def row_weight(self, encoded):
        """Return the class weight of each encoded target, of shape (n_samples, n), or None."""
        return None

    def same_classes(self, y):
        """Return whether ``y``, of the right shape, has exactly the known classes."""
        return True

    def with_loss(self, loss):
        """Return the same target for another loss, without class weights."""
        raise NotImplementedError

    def with_class_weight(self, class_weight, y, sample_weight):
        """Return the same target with class weights computed from training data."""
        weighted = copy(self)
        weighted.class_weight = None
        if class_weight is not None:
            self.check(y)
            weighted.class_weight = self._find_class_weight(class_weight, y, sample_weight)
        return weighted

    def broadcast(self, value, n_rows):
        """Return ``y`` of ``n_rows`` rows from one value for all rows, or one for each."""
        return np.broadcast_to(value, (n_rows, *self.row_shape))

    # ---- predictions

    def predict(self, raw):
        """Return the predictions of the estimator; may overwrite ``raw``."""
        raise NotImplementedError

    def decision(self, raw):
        """Return the result of ``decision_function``, by default the raw predictions."""
        return raw

    def probabilities(self, raw):
        """Return class probabilities, at least the smallest normal number."""
        self.loss.link.inverse(raw, out=raw)
        return np.maximum(raw, _SMALLEST[raw.itemsize], out=raw)

    def log_probabilities(self, raw):
        """Return the logarithms of the probabilities.

        Logarithms of small probabilities are computed from the raw predictions. Probabilities
        above one half are rounded first, so that a probability of 1 has the logarithm 0.
        """
        exact = self.loss.link.log_inverse(raw)
        probabilities = Target.probabilities(self, raw.copy())
        return np.log(probabilities, out=exact, where=probabilities > 0.5)

    def score(self, y, prediction, sample_weight):
        """Return the score of predictions, by default the accuracy.

        ``sample_weight`` has one weight per row, or per target if some targets are missing.
        """
        return accuracy_score(y, prediction, sample_weight=sample_weight)

    def score_raw(self, y, raw, sample_weight):
        """Return the score of raw predictions."""
        return self.score(y, self.predict(raw), sample_weight)

    # ---- outputs and their gradients

    @property
    def outputs(self):
        """Return the name of each output that users can select."""
        raise NotImplementedError

    @property
    def default_outputs(self):
        """Return the outputs without redundant ones: of two classes, only the second."""
        return self.outputs

    @property
    def raw_names(self):
        """Return a name for each raw output."""
        return self.outputs

    @property
    def score_names(self):
        """Return a name for each column of the last weights; ordered classes share one column."""
        names, grouped = self.raw_names, {k for group in self.ordered for k in group}
        alone = [name for k, name in enumerate(names) if k not in grouped]
        return [*alone, *(" < ".join(str(names[k]) for k in group) for group in self.ordered)]

    def slope(self, output, raw, after_link):
        """Return the gradient of one output with respect to the raw predictions.

        With ``after_link``, the output is the probability or the predicted number, otherwise the
        decision.
        """
        direction = self._direction(self._position(output), after_link)
        slope = np.tile(np.asarray(direction, raw.dtype), (len(raw), 1))
        if after_link:
            pull_back(self.loss, slope, raw)
        return slope

    def value(self, output, raw, after_link):
        """Return one output, of shape (n_samples,), whose gradient is ``slope``."""
        k = self._position(output)
        if after_link:
            return self._after_link(raw.copy())[:, k]
        return raw @ np.asarray(self._direction(k, False), raw.dtype)

    def _after_link(self, raw):
        """Return all outputs after the link as columns."""
        return self.probabilities(raw)

    def _position(self, output):
        if output not in self.outputs:
            raise ValueError(f"output={output!r} is unknown; allowed are {list(self.outputs)}.")
        return self.outputs.index(output)

    def _direction(self, k, after_link):
        """Return the coefficients of output ``k`` in the predictions before or after the link."""
        return np.eye(self.n_raw)[k]


def share_of_rows(right, sample_weight):
    """Return the weighted fraction of rows in which all targets of positive weight are right.

    ``right`` is a boolean for each target. Weights are those of rows or of single targets.
    """
    if np.ndim(sample_weight) == 2:
        right = right | (sample_weight == 0)
        sample_weight = sample_weight.max(axis=1)
    return float(np.average(right.all(axis=1), weights=sample_weight))


def pull_back(loss, slope, raw):
    """Turn a gradient with respect to predictions into one with respect to ``raw``, in place."""
    if not hasattr(loss.link, "pull_back"):
        raise ValueError(
            f"The link of loss={loss_name(loss)} has no method pull_back(gradient, prediction), "
            "which a gradient of the prediction needs. Use of='raw'."
        )
    prediction = np.empty_like(raw)
    loss.link.inverse(raw, out=prediction)
    loss.link.pull_back(slope, prediction)
