"""Summaries of targets: few weighted rows that represent the labels of all rows."""

import numpy as np


def label_weights(y, sample_weight):
    """Return the labels of each column of ``y``, and the sum of the weights of each label.

    Weights are those of rows or of single targets.
    """
    columns = [y] if y.ndim == 1 else list(y.T)
    of_targets = np.ndim(sample_weight) == 2
    weights = sample_weight.T if of_targets else [sample_weight] * len(columns)
    return [_count(column, weight) for column, weight in zip(columns, weights, strict=True)]


def _count(column, weight):
    labels, codes = np.unique(column, return_inverse=True)
    return labels, np.bincount(codes, weights=weight, minlength=len(labels)).astype(np.float64)


def kinds_of_labels(found):
    """Return 'str' or 'numbers' for each column of the target of a partition."""
    columns = found.values or []
    return ["str" if isinstance(labels[0], str) else "numbers" for labels, _ in columns]


def representative_target(findings):
    """Return a small target with weights that has the same label weights in each column.

    Each column is a line of intervals, one per label, whose lengths are the weights of the labels.
    The bounds of all columns divide these lines into pieces, and each piece is a row. Every label
    has a row, possibly with weight 0. If targets are missing, the lines have different lengths,
    so there is one weight per target. For numbers only the shape matters, and the weight is None.
    All findings must be of partitions with rows.
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
    """Return labels and weights of one column over all partitions."""
    columns = [labels for labels, _ in parts]
    if len({labels.dtype for labels in columns}) > 1:  # NumPy merges int64 and uint64 to floats
        columns = [np.array([label for labels in columns for label in labels.tolist()])]
    labels = np.concatenate(columns)
    weights = np.concatenate([weights for _, weights in parts])
    return _count(labels, weights)
