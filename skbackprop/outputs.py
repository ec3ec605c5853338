"""Which raw output of a network stands for which class or target."""

from sklearn.base import is_classifier

__all__ = ["has_label_columns", "raw_outputs"]


def has_label_columns(estimator):
    """Whether a classifier predicts several columns of labels, each with classes of its own."""
    return isinstance(estimator.classes_, list)


def raw_outputs(estimator):
    """Where the raw prediction of each output stands.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator.

    Returns
    -------
    outputs : dict
        By class (by position of the column and class, where there are several columns of
        labels), or by position of a regressor's output: the column of the raw prediction, and the
        sign with which the output stands there. Two classes share a column.
    """
    n_raw = estimator.coefs_[-1].shape[1]
    if not is_classifier(estimator):
        return {column: (column, 1) for column in range(n_raw)}
    if not has_label_columns(estimator):
        return _outputs_of_classes(list(estimator.classes_), 0, n_raw)
    outputs = {}
    column = 0
    for i, classes in enumerate(estimator.classes_):
        n_columns = 1 if len(classes) <= 2 else len(classes)
        labels = [(i, label) for label in classes]
        outputs |= _outputs_of_classes(labels, column, n_columns)
        column += n_columns
    return outputs


def _outputs_of_classes(labels, first, n_columns):
    if n_columns == 1 and len(labels) == 2:
        return {labels[0]: (first, -1), labels[1]: (first, 1)}
    return {label: (first + i, 1) for i, label in enumerate(labels)}
