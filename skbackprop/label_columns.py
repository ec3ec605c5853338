"""Several columns of labels, each with its own: one network, one head a column."""

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from .heads import Head, SumOfHeads
from .labels import make_labels, single_labels
from .validation import about

__all__ = [
    "ColumnLabels",
    "check_labels",
    "exact_match",
    "has_columns",
    "labels_of",
    "labels_of_classes",
    "lists_columns",
]


class ColumnLabels:
    """Labels of which each row has one in every column.

    Parameters
    ----------
    columns : list of labels
        What knows the labels of each column; at least two.

    Attributes
    ----------
    classes : list of ndarrays of shape (n_classes,)
        The labels of each column, sorted.

    loss : SumOfHeads
        What the network is trained by.

    n_raw : int
        Raw outputs of the network, over all columns.

    class_weight : list, or None
        Weight of each class, column by column.
    """

    def __init__(self, columns):
        self.columns = columns
        self.classes = [labels.classes for labels in columns]
        self.loss = SumOfHeads(tuple(_head(labels) for labels in columns))
        self.n_raw = sum(labels.n_raw for labels in columns)
        self.class_weight = None

    def with_loss(self, loss):
        """The same labels, for another loss."""
        return ColumnLabels([labels.with_loss(loss) for labels in self.columns])

    def weigh(self, class_weight, y, sample_weight):
        """Find the weight of each class in each column."""
        self._check_number_of_columns(y)
        given = _weight_of_each_column(class_weight, self.classes)
        for j, (labels, weight) in enumerate(zip(self.columns, given, strict=True)):
            with about(f"class_weight of column {j} of y"):
                labels.weigh(weight, _column(y, j), sample_weight)
        weights = [labels.class_weight for labels in self.columns]
        self.class_weight = None if all(weight is None for weight in weights) else weights

    def has_classes(self, classes):
        """Whether these are the labels of the columns."""
        return len(classes) == len(self.classes) and all(
            np.array_equal(own, other) for own, other in zip(self.classes, classes, strict=True)
        )

    def same_classes(self, y):
        """Whether each column of a target has all its classes, and no other."""
        return self._fits(y) and all(
            labels.same_classes(_column(y, j)) for j, labels in enumerate(self.columns)
        )

    def _fits(self, y):
        return getattr(y, "ndim", 1) == 2 and y.shape[1] == len(self.columns)

    def _check_number_of_columns(self, y):
        if not self._fits(y):
            raise ValueError(
                f"y has shape {y.shape}, but this classifier was fitted with "
                f"{len(self.columns)} label columns."
            )

    def encode(self, y, dtype):
        """Targets of all heads, side by side."""
        self._check_number_of_columns(y)
        encoded = []
        for j, labels in enumerate(self.columns):
            with about(f"column {j} of y"):
                targets = labels.encode(_column(y, j), dtype)
            encoded.append(targets.reshape(len(y), -1).astype(dtype))
        return np.hstack(encoded)

    def target_weight(self, targets):
        """Class weight of each target, of shape (n_samples, n_columns)."""
        weights = np.ones((len(targets), len(self.columns)))
        for j, (labels, head, own) in enumerate(
            zip(self.columns, self.loss.heads, self.loss.target_slices, strict=True)
        ):
            if labels.class_weight is not None:
                weights[:, j] = labels.target_weight(head.targets(targets[:, own]))[:, 0]
        return weights

    def strata(self, targets):
        """None: there are too many combinations of labels to stratify."""
        return None

    def decode(self, raw):
        """Predicted labels, of shape (n_samples, n_columns)."""
        decoded = self._of_each("decode", raw)
        texts = {labels.dtype.kind == "U" for labels in decoded}
        if len(texts) > 1:  # numbers must not become texts
            decoded = [labels.astype(object) for labels in decoded]
        return np.column_stack(decoded)

    def decision(self, raw):
        """Raw predictions of each column."""
        return self._of_each("decision", raw)

    def probabilities(self, raw):
        """Probabilities of the classes of each column."""
        return self._of_each("probabilities", raw)

    def log_probabilities(self, raw):
        """Logarithms of the probabilities of each column."""
        return self._of_each("log_probabilities", raw)

    def _of_each(self, method, raw):
        return [
            getattr(labels, method)(raw[:, own].copy())
            for labels, own in zip(self.columns, self.loss.raw_slices, strict=True)
        ]


def _head(labels):
    """The loss of a column, with the form of its targets."""
    example = labels.encode(labels.classes[:1], np.float64)
    n_targets = example.reshape(1, -1).shape[1]
    return Head(labels.loss, n_targets, labels.n_raw, takes_codes=example.ndim == 1)


def _weight_of_each_column(class_weight, classes):
    """What to weigh each column by: of a dict, the labels that the column has."""
    if isinstance(class_weight, list):
        if len(class_weight) != len(classes):
            raise ValueError(
                f"class_weight is a list for {len(class_weight)} columns, but y has "
                f"{len(classes)}."
            )
        return class_weight
    if not isinstance(class_weight, dict):
        return [class_weight] * len(classes)
    own = [{label: w for label, w in class_weight.items() if label in set(c)} for c in classes]
    unknown = set(class_weight).difference(*own)
    if unknown:
        raise ValueError(f"class_weight has {unknown}, which no column of y has as labels.")
    return [weights or None for weights in own]


def _column(y, j):
    """A column of labels, of the type that it would have alone."""
    column = y[:, j]
    if column.dtype != object:
        return column
    is_text = {isinstance(label, str) for label in column}
    if len(is_text) > 1:
        raise ValueError("The labels of a column must be all texts, or all numbers.")
    return np.array(column.tolist())


def has_columns(y):
    """Whether a target has several columns, and is not an indicator matrix of 0 and 1."""
    if sparse.issparse(y):
        return False
    y = np.asarray(y)
    if y.ndim != 2 or y.shape[1] < 2:
        return False
    return y.dtype.kind not in "biuf" or not ((y == 0) | (y == 1)).all()


def check_labels(y):
    """Raise ValueError where a validated target has no labels, but numbers, say."""
    if y.dtype != object or not has_columns(y):
        check_classification_targets(y)
        return
    for j in range(y.shape[1]):
        with about(f"column {j} of y"):
            check_classification_targets(_column(y, j))


def labels_of(y, loss):
    """What knows the labels of a validated target.

    Parameters
    ----------
    y : {ndarray, sparse matrix}
        Labels of shape (n_samples,) or (n_samples, n_columns), or indicators, of 0 and 1, of shape
        (n_samples, n_labels).

    loss : ClassificationLoss
        What the network is to be trained by; of several columns, each.
    """
    check_labels(y)
    if y.ndim == 1 and y.dtype != object:  # further checks cost more than epochs of a small fit
        return single_labels(np.unique(y), loss)
    if not has_columns(y):
        return make_labels(y, loss)
    return ColumnLabels([make_labels(_column(y, j), loss) for j in range(y.shape[1])])


def lists_columns(classes):
    """Whether ``classes`` of ``partial_fit`` lists the labels of several columns."""
    if classes is None or len(classes) < 2:
        return False
    return all(np.iterable(labels) and not isinstance(labels, str) for labels in classes)


def labels_of_classes(classes, loss):
    """What knows the labels of several columns, from a list of them."""
    return ColumnLabels([make_labels(unique_labels(labels), loss) for labels in classes])


def exact_match(y, predicted, sample_weight):
    """Weighted share of the rows of which all labels are right."""
    y = np.asarray(y).astype(object)
    if y.shape != predicted.shape:
        raise ValueError(f"y has shape {y.shape}, but predictions have {predicted.shape}.")
    right = y == predicted.astype(object)
    return float(np.average(right.all(axis=1), weights=sample_weight))
