"""Classification targets: one class per row, or several labels per row."""

import numpy as np
from scipy import sparse
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from ..losses import ProportionalOdds
from ..losses.links import SoftmaxLink
from ..utils import about
from .base import Target, share_of_rows


class ClassTarget(Target):
    """Target with one class per row.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The classes, sorted.

    loss : ClassificationLoss
        Loss function of the training.
    """

    row_shape = ()
    form = "one label per row"

    def __init__(self, classes, loss):
        self.classes = classes
        self.loss = loss

    @classmethod
    def suits(cls, classes, loss):
        """Return whether this kind of target fits the classes and the loss."""
        raise NotImplementedError

    def with_loss(self, loss):
        return class_target(self.classes, loss)

    def same_classes(self, y):
        return np.unique(y).tolist() == self.classes.tolist()

    @property
    def outputs(self):
        return self.classes.tolist()

    def check(self, y):
        super().check(y)
        check_objects(y)
        labels = np.unique(y)
        if not set(labels.tolist()) <= set(self.classes.tolist()):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes}. 'y' has {labels}."
            )

    def codes(self, y):
        """Return the positions of labels in ``classes``."""
        self.check(y)
        return _positions(y, self.classes)

    def as_columns(self, y):
        return self.codes(y)[:, np.newaxis]

    def _find_class_weight(self, class_weight, y, sample_weight):
        if isinstance(class_weight, list):
            raise ValueError(
                "class_weight is a list, but y has one label per row. Pass a dict, 'balanced' or "
                "None; lists are for multilabel targets and several label columns."
            )
        return _weights_of_classes(self.classes, class_weight, y, sample_weight)


def check_objects(y):
    """Raise ValueError for labels that are objects but not all strings."""
    if y.dtype == object and not all(isinstance(label, str) for label in y.flat):
        raise ValueError(
            "Unknown label type: y has dtype object but not all labels are strings. Labels must "
            "be strings, or numbers with a numeric dtype, without missing values."
        )


def _positions(labels, classes):
    """Return positions among the classes; in the dtype of the classes, comparison is exact."""
    return np.searchsorted(classes, labels.astype(classes.dtype, copy=False))


def weight_of_column(sample_weight, j):
    """Return the weights of one column, from weights of rows or of single targets."""
    return sample_weight[:, j] if np.ndim(sample_weight) == 2 else sample_weight


def _weights_of_classes(classes, class_weight, y, sample_weight):
    """Return the weight of each class; 'balanced' ignores classes without a positive weight."""
    counted = y if sample_weight is None else y[sample_weight > 0]
    present = np.unique(counted) if class_weight == "balanced" else classes
    with about("class_weight"):
        weights = compute_class_weight(
            class_weight, classes=present, y=y, sample_weight=sample_weight
        )
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError(f"Weights must not be negative or infinite, got {class_weight}.")
    found = np.ones(len(classes))
    found[_positions(present, classes)] = weights
    return found


# Signs of the raw prediction for two classes. Computing 1 - p instead would round to 0 for p near
# 1. The type is int8 so that products keep the floating-point type.
_SIGNS = np.array([-1, 1], np.int8)


class BinaryTarget(ClassTarget):
    """Target with two classes (or one): one raw output, positive for the second class."""

    n_raw = 1

    @classmethod
    def suits(cls, classes, loss):
        return len(classes) <= 2 and not isinstance(loss.link, SoftmaxLink)

    def encode(self, y, dtype):
        """Return targets of shape (n_samples, 1): 1 for the second class."""
        return self.codes(y).astype(dtype)[:, np.newaxis]

    def row_weight(self, encoded):
        return None if self.class_weight is None else self.class_weight[encoded.astype(np.intp)]

    def strata(self, encoded):
        return encoded[:, 0]

    def predict(self, raw):
        if len(self.classes) == 1:
            return np.repeat(self.classes, raw.shape[0])
        return self.classes[(raw[:, 0] > 0).astype(np.intp)]

    def decision(self, raw):
        return raw[:, 0]

    def probabilities(self, raw):
        if len(self.classes) == 1:
            return np.ones_like(raw)
        return super().probabilities(raw * _SIGNS)

    def log_probabilities(self, raw):
        if len(self.classes) == 1:
            return np.zeros_like(raw)
        return super().log_probabilities(raw * _SIGNS)

    @property
    def default_outputs(self):
        return self.outputs[-1:]

    raw_names = default_outputs

    def _direction(self, k, after_link):
        if len(self.classes) == 1:  # its probability is 1 everywhere
            return [0.0 if after_link else 1.0]
        return [1.0 if k else -1.0]


class MulticlassTarget(ClassTarget):
    """Target with softmax: one raw output per class; encoded targets are class codes."""

    def __init__(self, classes, loss):
        super().__init__(classes, loss.multiclass())

    @classmethod
    def suits(cls, classes, loss):
        return True

    @property
    def n_raw(self):
        """Return the number of classes: each has one raw output."""
        return len(self.classes)

    def encode(self, y, dtype):
        """Return targets of shape (n_samples,): positions in ``classes``."""
        return self.codes(y)

    def row_weight(self, encoded):
        return None if self.class_weight is None else self.class_weight[encoded][:, np.newaxis]

    def strata(self, encoded):
        return encoded

    def predict(self, raw):
        return self.classes[raw.argmax(axis=1)]

    def decision(self, raw):
        """Return one raw prediction per class; for two classes their difference."""
        return raw[:, 1] - raw[:, 0] if raw.shape[1] == 2 else raw

    @property
    def default_outputs(self):
        return self.outputs[1:] if len(self.classes) == 2 else self.outputs

    def _direction(self, k, after_link):
        if len(self.classes) == 2 and not after_link:
            return [-1.0, 1.0] if k else [1.0, -1.0]
        return super()._direction(k, after_link)


class OrdinalTarget(MulticlassTarget):
    """Target with ordered classes: the network computes log probabilities from one score."""

    obstacle = "ordered classes (loss='ordinal')"

    def __init__(self, classes, loss):
        super().__init__(classes, loss)
        self.ordered = (tuple(loss.ascending(classes)),)

    @classmethod
    def suits(cls, classes, loss):
        return len(classes) > 2 and isinstance(loss, ProportionalOdds)


class MultilabelTarget(Target):
    """Multilabel target: one raw output per label, positive if the row has the label.

    Parameters
    ----------
    n_labels : int
        Number of labels.

    is_sparse : bool
        Whether ``y`` was a sparse matrix; predictions are sparse then, too.

    loss : ClassificationLoss
        Loss function of the training.
    """

    form = "indicators of {} labels"

    def __init__(self, n_labels, is_sparse, loss):
        if isinstance(loss.link, SoftmaxLink):
            raise ValueError(
                f"loss={loss!r} is for one class per row, but y is multilabel. Use 'log_loss', "
                "'squared_error' or 'focal'."
            )
        self.loss = loss
        self.classes = np.arange(n_labels)
        self.n_raw = n_labels
        self.row_shape = (n_labels,)
        self.is_sparse = is_sparse

    def with_loss(self, loss):
        return MultilabelTarget(self.n_raw, self.is_sparse, loss)

    def check(self, y):
        super().check(y)
        values = y.data if sparse.issparse(y) else y
        if not ((values == 0) | (values == 1)).all():
            raise ValueError(
                "y has values other than 0 and 1, but the training data are an indicator matrix."
            )

    def encode(self, y, dtype):
        """Return the indicators, of shape (n_samples, n_labels)."""
        self.check(y)
        return np.ascontiguousarray(_dense(y), dtype)

    def row_weight(self, encoded):
        if self.class_weight is None:
            return None
        return self.class_weight[np.arange(self.n_raw), encoded.astype(np.intp)]

    def as_columns(self, y):
        return _dense(y).astype(np.intp)

    def broadcast(self, value, n_rows):
        return super().broadcast(_dense(value), n_rows)

    def predict(self, raw):
        indicators = (raw > 0).astype(np.int64)
        return sparse.csr_matrix(indicators) if self.is_sparse else indicators

    def score(self, y, prediction, sample_weight):
        if np.ndim(sample_weight) < 2:
            return super().score(y, prediction, sample_weight)
        self.check(y)
        return share_of_rows(_dense(y) == _dense(prediction), sample_weight)

    @property
    def outputs(self):
        return self.classes.tolist()

    def _find_class_weight(self, class_weight, y, sample_weight):
        """Return the weights of 0 and 1 for each label, of shape (n_labels, 2)."""
        per_label = class_weight if isinstance(class_weight, list) else [class_weight] * self.n_raw
        if len(per_label) != self.n_raw:
            raise ValueError(
                f"class_weight is a list for {len(per_label)} labels, but y has {self.n_raw}."
            )
        found = np.ones((self.n_raw, 2))
        columns = enumerate(_dense(y).T)
        for weights, weight, (j, column) in zip(found, per_label, columns, strict=True):
            if weight is not None:
                counts = weight_of_column(sample_weight, j)
                weights[:] = _weights_of_classes(np.arange(2), weight, column, counts)
        return found


def _dense(y):
    return y.toarray() if sparse.issparse(y) else np.asarray(y)


#: Kinds of targets with one class per row; the first one that fits is used. A new kind is a class
#: like ``BinaryTarget`` and an entry here.
CLASS_TARGETS = (BinaryTarget, OrdinalTarget, MulticlassTarget)


def class_target(classes, loss):
    """Return a target with one class per row."""
    kind = next(kind for kind in CLASS_TARGETS if kind.suits(classes, loss))
    return kind(classes, loss)


def target_of(y, loss):
    """Return the target of labels (n_samples,), or of indicators (n_samples, n_labels)."""
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind.startswith("multilabel"):
        n_labels = _dense(y).shape[1]
        return MultilabelTarget(n_labels, sparse.issparse(y), loss)
    return class_target(unique_labels(y), loss)
