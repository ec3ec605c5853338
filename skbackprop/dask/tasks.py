"""What runs on the workers: functions of one partition."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..batches import RowBuffers, Rows
from ..dropout import DropoutStream
from ..objective import Objective
from ..passes import BatchPass, ExactPass, predict_raw
from ..sample import Sample
from ..threads import row_threads
from ..validation import about, check_features_and_target, check_weight
from .held import Held, HeldSample

__all__ = [
    "Findings",
    "add_up",
    "batch_gradient",
    "check",
    "constant_loss",
    "encode",
    "exact_gradient",
    "hold",
    "hold_sample",
    "itself",
    "raw_prediction",
    "rows_of_step",
    "target_sums",
    "targets_of",
]


@dataclass(frozen=True)
class Findings:
    """What the client learns of a partition.

    Attributes
    ----------
    n_rows : int
        Number of rows.

    columns : tuple or None
        Number and names (None for none) of the features; None without rows.

    is_float32 : bool
        Whether the features are of single precision.

    total_weight : float
        Sum of the weights.

    values : list of tuples of ndarrays, or None
        Labels in each column of the target, and the sum of the weights of each label.

    y_shape : tuple
        Shape of the target of a row.
    """

    n_rows: int
    columns: tuple | None = None
    is_float32: bool = False
    total_weight: float = 0.0
    values: list | None = None
    y_shape: tuple = ()


def check(estimator, number, reset, X, y, sample_weight):
    """Validate a partition.

    Returns
    -------
    checked : tuple of (X, y, sample_weight), or None without rows

    findings : Findings, or the exception that the validation has raised
    """
    try:
        with about(f"partition {number} of the data"):
            return _check(estimator, reset, X, y, sample_weight)
    except (ValueError, TypeError) as error:
        return None, error.with_traceback(None)


def _check(estimator, reset, X, y, sample_weight):
    if sparse.issparse(y):
        raise TypeError("y is a sparse matrix; give a dense array.")
    if X.shape[0] == 0 and y.shape[0] == 0:
        return None, Findings(0)
    X, y = check_features_and_target(estimator, X, y, reset=reset, y_numeric=estimator._y_numeric)
    weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if weight is not None and (weight.any() or weight.shape != (X.shape[0],)):
        weight = check_weight(weight, X, np.float64)
    names = getattr(estimator, "feature_names_in_", None)
    findings = Findings(
        n_rows=X.shape[0],
        columns=(X.shape[1], None if names is None else tuple(names)),
        is_float32=X.dtype == np.float32,
        total_weight=float(X.shape[0] if weight is None else weight.sum()),
        values=estimator._label_weights(y, weight),
        y_shape=y.shape[1:],
    )
    return (X, y, weight), findings


def encode(estimator, number, dtype, checked):
    """A validated partition in the network's terms.

    Returns
    -------
    sample : Sample
        Without the rows of weight zero.

    facts : tuple
        Of the rows that are left: their number, the sum of their weights, the largest absolute
        value of a feature; and the shape of the encoded target of a row.
    """
    X, y, weight = checked.value
    with about(f"partition {number} of the data"):
        targets = estimator._encode(y, dtype)
    weight = None if weight is None else weight.astype(dtype)
    loss_weight = estimator._loss_weight(weight, targets)
    if loss_weight is not None:
        loss_weight = loss_weight.astype(dtype)
        weight = loss_weight[:, 0] if loss_weight.shape[1] == 1 else weight
    sample = Sample(y, weight, Rows(X, targets, loss_weight, dtype)).without_zero_weights()
    rows = sample.rows
    facts = len(rows), rows.total_weight, rows.largest_feature(), targets.shape[1:]
    return sample, facts


def hold(pair):
    """What ``check`` has checked, for a worker to hold."""
    return Held(pair[0])


def hold_sample(pair):
    """What ``encode`` has encoded, for a worker to hold."""
    return HeldSample(pair[0])


def itself(message):
    """A message of the client's, for the workers to fetch from each other."""
    return message


def exact_gradient(held, number, message):
    """Share of a partition in the objective without penalty, and in its gradient."""
    network, loss, divisor, flat = message
    objective = Objective(network, loss, held.rows, alpha=0)
    objective.total_weight = divisor
    parameters = network.parameters(flat.dtype, flat)
    gradient = parameters.empty_like()
    with row_threads() as threads, np.errstate(all="ignore"):
        value = ExactPass(objective, parameters, gradient, threads).evaluate()
    return value, gradient.flat


def rows_of_step(n_rows, step, n_steps):
    """The rows of a partition, in the order of the epoch, that a step takes: start and stop."""
    return step * n_rows // n_steps, (step + 1) * n_rows // n_steps


def batch_gradient(held, number, message):
    """Sum of the losses of the rows that a partition gives to a step, and their gradient."""
    network, loss, divisor, step, dropout, flat = message
    start, stop = rows_of_step(len(held.rows), step.position, step.n_steps)
    index = np.arange(start, stop)
    if step.seed is not None:
        index = held.order(step.seed, number)[index]
    rows = held.rows.select(index)
    objective = Objective(network, loss, rows, alpha=0)
    objective.mean_weight = divisor / len(rows)
    parameters = network.parameters(flat.dtype, flat)
    gradient = parameters.empty_like()
    stream = None if dropout is None else _dropout_stream(*dropout, number)
    (batch,) = rows.batches(None, len(rows), RowBuffers(rows, len(rows)))
    with np.errstate(all="ignore"):
        batch_pass = BatchPass(objective, parameters, gradient, len(rows), stream)
        return batch_pass.evaluate(batch), gradient.flat


def _dropout_stream(seed, strength, number):
    words = [seed & 0xFFFFFFFF, seed >> 32, number]
    stream = DropoutStream(np.random.RandomState(words))
    stream.strength = strength
    return stream


def add_up(*parts):
    """Sums of the numbers and of the vectors of some parts, in their order."""
    total = sum(number for number, _ in parts)
    vector = parts[0][1].copy()
    for _, other in parts[1:]:
        np.add(vector, other, out=vector)
    return total, vector


def raw_prediction(held, number, message):
    """Raw predictions for the rows of a partition."""
    network, flat = message
    return predict_raw(network, network.parameters(flat.dtype, flat), held.rows)


def targets_of(held, number, message):
    """Targets of a partition, as given and as encoded, and their weights."""
    sample = held.value
    return sample.y, sample.sample_weight, *sample.rows.targets()


def target_sums(held, number, message):
    """Sum of the weights, and of the weighted targets."""
    targets, weight = held.rows.targets()
    weight = np.ones(len(targets)) if weight is None else weight[:, 0].astype(np.float64)
    return float(weight.sum()), weight @ targets


def constant_loss(held, number, message):
    """Sum of the losses of a constant raw prediction."""
    loss, raw = message
    targets, weight = held.rows.targets()
    with np.errstate(all="ignore"):
        return loss.loss(targets, np.tile(raw, (len(targets), 1)), weight), np.zeros(0)
