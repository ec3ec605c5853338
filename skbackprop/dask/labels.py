"""A reduction over targets: few rows that stand for the labels of all."""

import numpy as np


def label_weights(y, sample_weight):
    """For each column of ``y``, its labels and the sum of the weights of each of them.

    Weights are those of rows, or of single targets.
    """
    columns = [y] if y.ndim == 1 else list(y.T)
    of_targets = np.ndim(sample_weight) == 2
    weights = sample_weight.T if of_targets else [sample_weight] * len(columns)
    return [_count(column, weight) for column, weight in zip(columns, weights, strict=True)]


def _count(column, weight):
    labels, codes = np.unique(column, return_inverse=True)
    return labels, np.bincount(codes, weights=weight, minlength=len(labels)).astype(np.float64)


def kinds_of_labels(found):
    """For each column of the target of a partition, whether its labels are strings or numbers."""
    columns = found.values or []
    return ["str" if isinstance(labels[0], str) else "numbers" for labels, _ in columns]


def representative_target(findings):
    """A small target with weights, in each column of which the labels weigh what they do in all.

    The columns are laid side by side, each as intervals as long as its labels weigh; each piece
    between two bounds is a row. Every label has a row, be it of weight zero. Where targets are
    missing, columns differ in their length, and so there is a weight for each target. Of numbers,
    only their number in a row matters, and the weight is None. All findings are of partitions with
    rows.
    """
    shape = findings[0].y_shape
    if findings[0].values is None:
        return np.zeros((1, *shape)), None
    columns = zip(*(found.values for found in findings), strict=True)
    merged = [_merge(column) for column in columns]
    if shape == ():
        return merged[0]
    return _side_by_side(merged, any(found.of_targets for found in findings))


def _side_by_side(merged, of_targets):
    ends = [np.cumsum(weights) for _, weights in merged]
    bounds = np.unique(np.concatenate([[0.0], *ends]))
    middles = (bounds[:-1] + bounds[1:]) / 2
    codes = [np.minimum(np.searchsorted(end, middles), len(end) - 1) for end in ends]
    n_labels = max(len(labels) for labels, _ in merged)
    every = np.arange(n_labels)
    columns = [
        labels[np.concatenate([code, np.minimum(every, len(labels) - 1)])]
        for code, (labels, _) in zip(codes, merged, strict=True)
    ]
    weights = np.diff(bounds)
    if of_targets:
        weights = weights[:, np.newaxis] * (middles[:, np.newaxis] < [end[-1] for end in ends])
    zeros = np.zeros((n_labels, *weights.shape[1:]))
    return np.column_stack(columns), np.concatenate([weights, zeros])


def _merge(parts):
    """Labels and weights of one column over all partitions."""
    columns = [labels for labels, _ in parts]
    if len({labels.dtype for labels in columns}) > 1:  # NumPy makes floats of int64 and uint64
        columns = [np.array([label for labels in columns for label in labels.tolist()])]
    labels = np.concatenate(columns)
    weights = np.concatenate([weights for _, weights in parts])
    return _count(labels, weights)
