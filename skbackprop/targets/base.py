"""What a target is: from ``y`` to what the network is trained on, and from raw outputs back."""

from copy import copy

import numpy as np
from sklearn.metrics import accuracy_score

from ..losses import loss_name

# Floor of probabilities, so that they have a logarithm; by bytes of a float. As arrays: NumPy
# takes longer for scalars, which one row would feel.
_SMALLEST = {np.dtype(t).itemsize: np.array(np.finfo(t).tiny) for t in ("f4", "f8")}


class Target:
    """The one owner of what ``y`` means to a network.

    It knows how ``y`` is encoded, by which loss and link the network is trained, which raw output
    stands for which class or value, and the way back: labels, numbers, probabilities, decisions,
    and their gradients with respect to the raw outputs. ``fit`` makes it once, and the fitted
    estimator keeps it: a prediction never depends on what a parameter has become since.

    A target is not changed after it has been made; ``with_...`` give another one.

    Attributes
    ----------
    loss : Loss
        What the network is trained by, with its link.

    n_raw : int
        Number of raw outputs of the network.

    row_shape : tuple
        Shape of ``y`` of one row.

    ordered : tuple of tuples of int
        Groups of raw outputs that the network is to make of one score each, with thresholds: those
        of classes that have an order, from the lowest to the highest.

    class_weight : ndarray or None
        Weights of the classes, in the order of the classes; None for ones.

    form : str
        What ``y`` of a row is, in words; {} is the number of its columns.

    obstacle : str or None
        What scikit-learn's estimators cannot express of it, for ``to_sklearn``; None for nothing.

    stand_ins : list or None
        For each column of ``y``, a value to put in the place of missing ones where no other is
        known; None where the value of any other column will do.
    """

    class_weight = obstacle = stand_ins = None
    ordered = ()

    @property
    def out_activation(self):
        """Name of the inverse link; of several heads, a list of names."""
        return self.loss.link.name

    @property
    def n_outputs(self):
        """Number of outputs: of raw outputs, divided by how many the loss wants for each."""
        return self.n_raw // self.loss.raw_per_target

    # ---- from y to the network

    def check_shape(self, y):
        """Refuse a validated ``y`` whose rows have another shape."""
        if y.shape[1:] != self.row_shape:
            form = self.form.format(*self.row_shape, 1)
            raise ValueError(f"y has shape {y.shape}, but this estimator is for {form}.")

    def check(self, y):
        """Refuse a validated ``y`` of another shape, or with unknown values."""
        self.check_shape(y)

    def encode(self, y, dtype):
        """Encode a validated ``y`` for the loss, if it passes ``check``."""
        raise NotImplementedError

    def as_columns(self, y):
        """``y`` for statistics, of shape (n_samples, n_columns): classes as integers.

        Their order does not matter. Numbers are floats in the units of the network.
        """
        return self.encode(y, np.float64).reshape(len(y), -1)

    def strata(self, encoded):
        """Classes to stratify a split by; None where there are none."""
        return None

    def row_weight(self, encoded):
        """Class weight of each encoded target, of shape (n_samples, n); None for ones."""
        return None

    def same_classes(self, y):
        """Whether ``y``, of the right shape, has all the classes, and no other."""
        return True

    def with_loss(self, loss):
        """The same target for another loss, without class weights."""
        raise NotImplementedError

    def with_class_weight(self, class_weight, y, sample_weight):
        """The same target, with the weights of the classes in training data."""
        weighted = copy(self)
        weighted.class_weight = None
        if class_weight is not None:
            self.check(y)
            weighted.class_weight = self._find_class_weight(class_weight, y, sample_weight)
        return weighted

    def broadcast(self, value, n_rows):
        """One value of ``y`` for all rows, or one for each, as ``y`` of so many rows."""
        return np.broadcast_to(value, (n_rows, *self.row_shape))

    # ---- from the network back

    def predict(self, raw):
        """What the estimator predicts; ``raw`` may be overwritten."""
        raise NotImplementedError

    def decision(self, raw):
        """What ``decision_function`` gives: raw predictions."""
        return raw

    def probabilities(self, raw):
        """Probabilities of the classes, none below the smallest normal number."""
        self.loss.link.inverse(raw, out=raw)
        return np.maximum(raw, _SMALLEST[raw.itemsize], out=raw)

    def log_probabilities(self, raw):
        """Logarithms of the probabilities: of small ones, from the raw predictions.

        Those above one half are rounded first, so that the logarithm of 1 is 0.
        """
        exact = self.loss.link.log_inverse(raw)
        probabilities = Target.probabilities(self, raw.copy())
        return np.log(probabilities, out=exact, where=probabilities > 0.5)

    def score(self, y, prediction, sample_weight):
        """How good a prediction is, larger is better: the share of rows that are right.

        Weights are those of rows, or of single targets, of which some are missing.
        """
        return accuracy_score(y, prediction, sample_weight=sample_weight)

    def score_raw(self, y, raw, sample_weight):
        """The same, of raw predictions."""
        return self.score(y, self.predict(raw), sample_weight)

    # ---- outputs and their gradients

    @property
    def outputs(self):
        """Name of each output that a user can ask for."""
        raise NotImplementedError

    @property
    def default_outputs(self):
        """The outputs that say all there is: of two classes, the second one."""
        return self.outputs

    @property
    def raw_names(self):
        """A name for each raw output."""
        return self.outputs

    @property
    def score_names(self):
        """A name for each column of the last layer's weights: a group of classes has one score."""
        names, grouped = self.raw_names, {k for group in self.ordered for k in group}
        alone = [name for k, name in enumerate(names) if k not in grouped]
        return [*alone, *(" < ".join(str(names[k]) for k in group) for group in self.ordered)]

    def slope(self, output, raw, after_link):
        """Gradient of one of ``outputs`` with respect to the raw prediction, of its shape.

        ``after_link`` says that the probability or the predicted number is meant, and not the
        decision.
        """
        direction = self._direction(self._position(output), after_link)
        slope = np.tile(np.asarray(direction, raw.dtype), (len(raw), 1))
        if after_link:
            pull_back(self.loss, slope, raw)
        return slope

    def value(self, output, raw, after_link):
        """One of ``outputs``, of shape (n_samples,), whose gradient is ``slope``."""
        k = self._position(output)
        if after_link:
            return self._after_link(raw.copy())[:, k]
        return raw @ np.asarray(self._direction(k, False), raw.dtype)

    def _after_link(self, raw):
        """All outputs after the link, side by side."""
        return self.probabilities(raw)

    def _position(self, output):
        if output not in self.outputs:
            raise ValueError(f"output={output!r} is none of {list(self.outputs)}.")
        return self.outputs.index(output)

    def _direction(self, k, after_link):
        """Coefficients of output number ``k``, in raw or in inversely linked predictions."""
        return np.eye(self.n_raw)[k]


def share_of_rows(right, sample_weight):
    """Weighted share of the rows of which all targets with a weight are right.

    ``right`` says of each target whether it is; weights are those of rows or of single targets.
    """
    if np.ndim(sample_weight) == 2:
        right = right | (sample_weight == 0)
        sample_weight = sample_weight.max(axis=1)
    return float(np.average(right.all(axis=1), weights=sample_weight))


def pull_back(loss, slope, raw):
    """Turn a gradient with respect to predictions into one for ``raw``, in place."""
    if not hasattr(loss.link, "pull_back"):
        raise ValueError(
            f"The link of loss={loss_name(loss)} has no pull_back(gradient, prediction), which a "
            "gradient after the link needs; use of='raw'."
        )
    prediction = np.empty_like(raw)
    loss.link.inverse(raw, out=prediction)
    loss.link.pull_back(slope, prediction)
