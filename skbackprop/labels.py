"""From class labels to what the network is trained on, and back."""

import numpy as np
from scipy import sparse
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from .links import SoftmaxLink
from .validation import about

__all__ = ["BinaryLabels", "MulticlassLabels", "MultilabelLabels", "make_labels", "single_labels"]


class SingleLabels:
    """Labels of which each row has one.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted.

    loss : ClassificationLoss
        What the network is trained by.

    Attributes
    ----------
    n_raw : int
        Raw outputs of the network.

    class_weight : ndarray of shape (n_classes,) or None
        Weight of each class.
    """

    def __init__(self, classes, loss):
        self.classes = classes
        self.loss = loss
        self.class_weight = None

    def with_loss(self, loss):
        """The same labels, for another loss."""
        return single_labels(self.classes, loss)

    def weigh(self, class_weight, y, sample_weight):
        """Find the weight of each class for training data ``y``."""
        self.class_weight = None
        if class_weight is None:
            return
        if isinstance(class_weight, list):
            raise ValueError(
                "class_weight is a list, which is for several labels or label columns only."
            )
        counted = y if sample_weight is None else y[sample_weight > 0]
        classes = np.unique(counted) if class_weight == "balanced" else self.classes
        with about("class_weight"):
            weights = compute_class_weight(
                class_weight, classes=classes, y=y, sample_weight=sample_weight
            )
            if not (np.isfinite(weights).all() and (weights >= 0).all()):
                raise ValueError(f"weights must not be negative or infinite, got {class_weight}.")
        self.class_weight = np.ones(len(self.classes))
        self.class_weight[np.searchsorted(self.classes, classes)] = weights

    def codes(self, y):
        """Positions of labels in ``classes``."""
        if getattr(y, "ndim", 1) != 1:
            raise ValueError(
                f"y has shape {y.shape}, but this classifier was fitted with one label a row."
            )
        labels = np.unique(y)
        if len(np.setdiff1d(labels, self.classes)):
            raise ValueError(
                "`y` has classes not in `self.classes_`. "
                f"`self.classes_` has {self.classes}. 'y' has {labels}."
            )
        return np.searchsorted(self.classes, y)

    def same_classes(self, y):
        """Whether a target has all the classes, and no other."""
        return np.array_equal(np.unique(y), self.classes)


class BinaryLabels(SingleLabels):
    """Two classes (or one): one raw output, positive for the second class."""

    n_raw = 1

    def encode(self, y, dtype):
        """Targets of shape (n_samples, 1): 1 for the second class."""
        return self.codes(y).astype(dtype)[:, np.newaxis]

    def target_weight(self, targets):
        """Class weight of each target, of shape (n_samples, 1)."""
        return self.class_weight[targets.astype(np.intp)]

    def strata(self, targets):
        """The classes, for a stratified split."""
        return targets[:, 0]

    def decode(self, raw):
        """Predicted labels."""
        if len(self.classes) == 1:
            return np.repeat(self.classes, raw.shape[0])
        return self.classes[(raw[:, 0] > 0).astype(np.intp)]

    def decision(self, raw):
        """Raw predictions, one a row."""
        return raw[:, 0]

    def probabilities(self, raw):
        """Probabilities of the classes; a column of ones where there is one class."""
        if len(self.classes) == 1:
            return np.ones_like(raw)
        probabilities = np.empty((raw.shape[0], 2), raw.dtype)
        self.loss.link.inverse(raw[:, 0], out=probabilities[:, 1])
        np.subtract(1, probabilities[:, 1], out=probabilities[:, 0])
        return probabilities

    def log_probabilities(self, raw):
        """Logarithms of the probabilities, from the raw predictions."""
        if len(self.classes) == 1:
            return np.zeros_like(raw)
        return self.loss.link.log_inverse(np.hstack([-raw, raw]))


class MulticlassLabels(SingleLabels):
    """Classes by softmax: one raw output a class, targets are class codes."""

    @property
    def n_raw(self):
        """One raw output a class."""
        return len(self.classes)

    def encode(self, y, dtype):
        """Targets of shape (n_samples,): positions in ``classes``."""
        return self.codes(y)

    def target_weight(self, targets):
        """Class weight of each target, of shape (n_samples, 1)."""
        return self.class_weight[targets][:, np.newaxis]

    def strata(self, targets):
        """The classes, for a stratified split."""
        return targets

    def decode(self, raw):
        """Predicted labels."""
        return self.classes[raw.argmax(axis=1)]

    def decision(self, raw):
        """Raw predictions, one a class; their difference for two classes."""
        return raw[:, 1] - raw[:, 0] if raw.shape[1] == 2 else raw

    def probabilities(self, raw):
        """Probabilities of the classes."""
        self.loss.link.inverse(raw, out=raw)
        return raw

    def log_probabilities(self, raw):
        """Logarithms of the probabilities, from the raw predictions."""
        return self.loss.link.log_inverse(raw)


class MultilabelLabels:
    """Several labels that a row has or has not: one raw output a label, positive for yes.

    Parameters
    ----------
    n_labels : int
        Number of labels.

    is_sparse : bool
        Whether the indicators came, and are predicted, as a sparse matrix.

    loss : ClassificationLoss
        What the network is trained by.
    """

    def __init__(self, n_labels, is_sparse, loss):
        if isinstance(loss.link, SoftmaxLink):
            raise ValueError(
                f"loss={loss!r} is for one class out of several, but y has several labels a row. "
                "For these use 'log_loss', 'squared_error' or 'focal'."
            )
        self.loss = loss
        self.classes = np.arange(n_labels)
        self.n_raw = n_labels
        self.is_sparse = is_sparse
        self.class_weight = None

    def with_loss(self, loss):
        """The same labels, for another loss."""
        return MultilabelLabels(self.n_raw, self.is_sparse, loss)

    def weigh(self, class_weight, y, sample_weight):
        """Find the weights of no and yes for each label."""
        self.class_weight = None
        if class_weight is None:
            return
        y = _dense(y)
        per_label = class_weight if isinstance(class_weight, list) else [class_weight] * self.n_raw
        if len(per_label) != self.n_raw:
            raise ValueError(
                f"class_weight is a list for {len(per_label)} labels, but y has {self.n_raw}."
            )
        self.class_weight = np.ones((self.n_raw, 2))
        for weights, weight, column in zip(self.class_weight, per_label, y.T, strict=True):
            label = SingleLabels(np.array([0, 1]), self.loss)
            label.weigh(weight, column, sample_weight)
            if label.class_weight is not None:
                weights[:] = label.class_weight

    def same_classes(self, y):
        """True: the number of labels, which ``encode`` checks, is all there is to know."""
        return True

    def encode(self, y, dtype):
        """Targets of shape (n_samples, n_labels): the indicators."""
        y = _dense(y)
        if y.ndim != 2 or y.shape[1] != self.n_raw or not type_of_target(y).startswith("multil"):
            raise ValueError(
                f"y has shape {y.shape}, but this classifier was fitted with indicators of "
                f"{self.n_raw} labels."
            )
        return np.ascontiguousarray(y, dtype)

    def target_weight(self, targets):
        """Class weight of each target, of shape (n_samples, n_labels)."""
        return self.class_weight[np.arange(self.n_raw), targets.astype(np.intp)]

    def strata(self, targets):
        """None: there are too many combinations of labels to stratify."""
        return None

    def decode(self, raw):
        """Indicators of the predicted labels."""
        indicators = (raw > 0).astype(np.int64)
        return sparse.csr_matrix(indicators) if self.is_sparse else indicators

    def decision(self, raw):
        """Raw predictions, one a label."""
        return raw

    def probabilities(self, raw):
        """Probability of each label."""
        self.loss.link.inverse(raw, out=raw)
        return raw

    def log_probabilities(self, raw):
        """Logarithms of the probabilities, from the raw predictions."""
        return self.loss.link.log_inverse(raw)


def _dense(y):
    return y.toarray() if sparse.issparse(y) else np.asarray(y)


def single_labels(classes, loss):
    """What knows the labels of a target of which each row has one.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, sorted: one raw output for two, one each for more, or where softmax is wanted.

    loss : ClassificationLoss
        What the network is to be trained by.
    """
    if len(classes) <= 2 and not isinstance(loss.link, SoftmaxLink):
        return BinaryLabels(classes, loss)
    return MulticlassLabels(classes, loss.multiclass())


def make_labels(y, loss):
    """What knows the labels of a target.

    Parameters
    ----------
    y : {array-like, sparse matrix}
        Labels of shape (n_samples,), or indicators of shape (n_samples, n_labels).

    loss : ClassificationLoss
        What the network is to be trained by.
    """
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind.startswith("multilabel"):
        n_labels = _dense(y).shape[1]
        return MultilabelLabels(n_labels, sparse.issparse(y), loss)
    return single_labels(unique_labels(y), loss)
