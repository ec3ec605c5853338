"""Multioutput classification: several label columns, one network, one head per column."""

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, unique_labels

from ..losses.heads import Head, SumOfHeads
from ..utils import about
from .base import Target, share_of_rows
from .classes import check_objects, class_target, target_of, weight_of_column


class LabelColumnsTarget(Target):
    """Target with several label columns: each row has one class in every column.

    The network has one head per column; all heads share the hidden layers.

    Parameters
    ----------
    columns : list of ClassTarget
        The target of each column; at least two.

    Attributes
    ----------
    classes : list of ndarrays of shape (n_classes,)
        The classes of each column, sorted.

    loss : SumOfHeads
        Sum of the losses of the columns.
    """

    obstacle, form = "several label columns", "{} label columns"

    def __init__(self, columns):
        self.columns = columns
        self.classes = [column.classes for column in columns]
        self.loss = SumOfHeads(tuple(map(_head, columns)))
        self.n_raw = sum(column.n_raw for column in columns)
        self.ordered = tuple(
            tuple(own.start + k for k in group)
            for column, own in zip(columns, self.loss.raw_slices, strict=True)
            for group in column.ordered
        )
        self.row_shape = (len(columns),)

    @property
    def stand_ins(self):
        """Return one label of each column."""
        return [classes[0] for classes in self.classes]

    def with_loss(self, loss):
        return LabelColumnsTarget([column.with_loss(loss) for column in self.columns])

    def has_classes(self, classes):
        """Return whether these are the classes of the columns."""
        return len(classes) == len(self.classes) and all(
            np.array_equal(own, other) for own, other in zip(self.classes, classes, strict=True)
        )

    def same_classes(self, y):
        columns = enumerate(self.columns)
        return all(column.same_classes(column_of(y, j)) for j, column in columns)

    def broadcast(self, value, n_rows):
        return np.broadcast_to(_mixed(value), (n_rows, *self.row_shape))

    def encode(self, y, dtype):
        """Return the targets of all heads as columns of one array."""
        self.check_shape(y)
        encoded = []
        for j, column in enumerate(self.columns):
            with about(f"column {j} of y"):
                targets = column.encode(column_of(y, j), dtype)
            encoded.append(targets.reshape(y.shape[0], -1).astype(dtype))
        return np.hstack(encoded)

    def as_columns(self, y):
        return np.hstack(
            [column.as_columns(column_of(y, j)) for j, column in enumerate(self.columns)]
        )

    def row_weight(self, encoded):
        """Return the class weight of each target, of shape (n_samples, n_columns)."""
        if all(column.class_weight is None for column in self.columns):
            return None
        weights = np.ones((len(encoded), len(self.columns)))
        for j, (column, head, own) in enumerate(
            zip(self.columns, self.loss.heads, self.loss.target_slices, strict=True)
        ):
            weight = column.row_weight(head.targets(encoded[:, own]))
            if weight is not None:
                weights[:, j] = weight[:, 0]
        return weights

    def with_class_weight(self, class_weight, y, sample_weight):
        self.check_shape(y)
        given = _weight_of_each_column(class_weight, self.classes)
        columns = []
        for j, (column, weight) in enumerate(zip(self.columns, given, strict=True)):
            with about(f"class_weight of column {j} of y"):
                counts = weight_of_column(sample_weight, j)
                columns.append(column.with_class_weight(weight, column_of(y, j), counts))
        return LabelColumnsTarget(columns)

    def predict(self, raw):
        """Return predicted classes, of shape (n_samples, n_columns)."""
        predicted = self._of_each("predict", raw)
        texts = {labels.dtype.kind == "U" for labels in predicted}
        if len(texts) > 1:  # NumPy would convert numbers to strings
            predicted = [labels.astype(object) for labels in predicted]
        return np.column_stack(predicted)

    def decision(self, raw):
        return self._of_each("decision", raw)

    def probabilities(self, raw):
        return self._of_each("probabilities", raw)

    def log_probabilities(self, raw):
        return self._of_each("log_probabilities", raw)

    def score(self, y, prediction, sample_weight):
        return exact_match(y, prediction, sample_weight)

    def _of_each(self, method, raw):
        return [
            getattr(column, method)(raw[:, own].copy())
            for column, own in zip(self.columns, self.loss.raw_slices, strict=True)
        ]

    @property
    def outputs(self):
        """Return pairs of the position of a column and a class."""
        return self._named("outputs")

    @property
    def default_outputs(self):
        return self._named("default_outputs")

    @property
    def raw_names(self):
        return self._named("raw_names")

    def _named(self, what):
        return [
            (j, name) for j, column in enumerate(self.columns) for name in getattr(column, what)
        ]

    def slope(self, output, raw, after_link):
        self._position(output)
        j, label = output
        own = self.loss.raw_slices[j]
        slope = np.zeros_like(raw)
        slope[:, own] = self.columns[j].slope(label, raw[:, own].copy(), after_link)
        return slope

    def value(self, output, raw, after_link):
        self._position(output)
        j, label = output
        return self.columns[j].value(label, raw[:, self.loss.raw_slices[j]], after_link)


def _mixed(value):
    """Return an array, of objects if NumPy would convert numbers to strings."""
    array = np.asarray(value)
    return np.asarray(value, dtype=object) if array.dtype.kind in "US" else array


def _head(column):
    """Return the loss of a column with the form of its targets."""
    example = column.encode(column.classes[:1], np.float64)
    n_targets = example.reshape(1, -1).shape[1]
    return Head(column.loss, n_targets, column.n_raw, takes_codes=example.ndim == 1)


def _weight_of_each_column(class_weight, classes):
    """Return the ``class_weight`` of each column; of a dict, the entries of its labels."""
    if isinstance(class_weight, list):
        if len(class_weight) != len(classes):
            raise ValueError(
                f"class_weight is a list for {len(class_weight)} columns, but y has "
                f"{len(classes)} columns."
            )
        return class_weight
    if not isinstance(class_weight, dict):
        return [class_weight] * len(classes)
    own = [{label: w for label, w in class_weight.items() if label in set(c)} for c in classes]
    unknown = set(class_weight).difference(*own)
    if unknown:
        raise ValueError(f"class_weight has {unknown}, which are not labels of any column of y.")
    return [weights or None for weights in own]


def column_of(y, j):
    """Return a column of labels, with the type that it would have as a single ``y``."""
    column = y[:, j].toarray().ravel() if sparse.issparse(y) else y[:, j]
    if column.dtype != object:
        return column
    is_text = {isinstance(label, str) for label in column}
    if len(is_text) > 1:
        raise ValueError("The labels of a column must be all strings or all numbers.")
    return np.array(column.tolist())


def has_columns(y):
    """Return whether ``y`` has several columns and is not an indicator matrix of 0 and 1."""
    if sparse.issparse(y):
        return False
    if y.ndim != 2 or y.shape[1] < 2:
        return False
    return y.dtype.kind not in "biuf" or not ((y == 0) | (y == 1)).all()


def _are_few_labels(y):
    """Whether scikit-learn's check, dear for a small fit, would pass without its warning."""
    return y.ndim == 1 and y.dtype.kind in "biuU" and 2 * len(np.unique(y)) <= len(y)


def check_labels(y):
    """Raise ValueError if a validated ``y`` does not contain class labels."""
    if _are_few_labels(y):
        return
    if y.dtype != object or not has_columns(y):
        check_objects(y)
        check_classification_targets(y)
        return
    for j in range(y.shape[1]):
        with about(f"column {j} of y"):
            check_classification_targets(column_of(y, j))


def target_of_labels(y, loss):
    """Return the target of validated labels, indicators or label columns."""
    check_labels(y)
    if y.ndim == 1 and y.dtype != object:  # the checks below are slower than a small fit
        return class_target(np.unique(y), loss)
    if not has_columns(y):
        return target_of(y, loss)
    return LabelColumnsTarget([target_of(column_of(y, j), loss) for j in range(y.shape[1])])


def lists_columns(classes):
    """Return whether ``classes`` of ``partial_fit`` lists the labels of several columns."""
    if classes is None or len(classes) < 2:
        return False
    return all(np.iterable(labels) and not isinstance(labels, str) for labels in classes)


def target_of_classes(classes, loss):
    """Return the target of several columns, from a list with the classes of each."""
    return LabelColumnsTarget([target_of(unique_labels(labels), loss) for labels in classes])


def exact_match(y, predicted, sample_weight):
    """Return the weighted fraction of rows in which all known labels are right."""
    y = _mixed(y).astype(object)
    if y.shape != predicted.shape:
        raise ValueError(f"y has shape {y.shape}, but predictions have {predicted.shape}.")
    if any(isinstance(a, str) != isinstance(b, str) for a, b in zip(y[0], predicted[0])):
        raise ValueError(
            "y has strings in a column where the predictions are numbers, or the reverse."
        )
    return share_of_rows(y == predicted.astype(object), sample_weight)
