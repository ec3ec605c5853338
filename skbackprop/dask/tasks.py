"""Functions of one partition, which run on the workers."""

from dataclasses import dataclass

import numpy as np
from pandas.api.types import is_numeric_dtype
from scipy import sparse
from sklearn.base import is_classifier

from ..data import RowBuffers, check_data, sample_of
from ..network import DropoutStream, raw_predictions
from ..targets import check_labels
from ..training import BatchPass, ExactPass, Objective, row_threads
from ..utils import about
from .held import Held, HeldSample
from .labels import label_weights


@dataclass(frozen=True)
class Findings:
    """Facts about a partition for the client; an empty partition has only ``n_rows``."""

    n_rows: int
    columns: tuple | None = None  # number of the features, and their names or None
    is_float32: bool = False  # whether the features are float32
    total_weight: float = 0.0
    values: list | None = None  # ``label_weights`` of the target; None for numbers
    y_shape: tuple = ()  # shape of the target of a row
    of_targets: bool = False  # whether weights are those of single targets


def check(estimator, number, reset, X, y, sample_weight):
    """Return a partition as ``Checked`` (None without rows), and its ``Findings`` or an error."""
    try:
        with about(f"partition {number} of the data"):
            return _check(estimator, reset, X, y, sample_weight)
    except (ValueError, TypeError) as error:
        return None, error.with_traceback(None)


def _check(estimator, reset, X, y, sample_weight):
    if sparse.issparse(y):
        raise TypeError("y is a sparse matrix. Pass a dense array.")
    if X.shape[0] == 0 and y.shape[0] == 0:
        return None, Findings(0)
    try:
        checked = check_data(estimator, X, y, sample_weight, reset=reset, is_part=True)
    except ValueError as error:
        raise ValueError(f"{error}{_advice_on_columns(X)}") from error
    X, y, weight = checked
    values = None
    if is_classifier(estimator):
        check_labels(y)
        values = label_weights(y, weight)
    names = getattr(estimator, "feature_names_in_", None)
    return checked, Findings(
        n_rows=X.shape[0],
        columns=(X.shape[1], None if names is None else tuple(names)),
        is_float32=X.dtype == np.float32,
        total_weight=float(X.shape[0] if weight is None else weight.sum()),
        values=values,
        y_shape=y.shape[1:],
        of_targets=np.ndim(weight) == 2,
    )


def _advice_on_columns(X):
    """Return advice about columns of a frame that are not numeric, or an empty string."""
    dtypes = dict(X.dtypes) if hasattr(X, "columns") else {}
    of_values = {name: getattr(dtype, "categories", dtype) for name, dtype in dtypes.items()}
    names = [name for name, held in of_values.items() if not is_numeric_dtype(held)]
    advice = "convert them first, for example by dask.dataframe.get_dummies after categorize()"
    return f" (Columns {names} are not numeric: {advice}.)" if names else ""


def encode(target, number, dtype, checked):
    """Encode a checked partition as a ``Sample`` without the rows of weight 0.

    Also returns facts about the remaining rows: their number, the sum of their weights, and the
    largest absolute value of a feature.
    """
    with about(f"partition {number} of the data"):
        sample = sample_of(checked.value, target, dtype).without_zero_weights()
    rows = sample.rows
    return sample, (len(rows), rows.total_weight, rows.largest_feature())


def hold(pair):
    """Return the result of ``check`` as ``Held``."""
    return Held(pair[0])


def hold_sample(pair):
    """Return the result of ``encode`` as ``HeldSample``."""
    return HeldSample(pair[0])


def itself(message):
    """Return a message of the client, as a task whose result the workers fetch."""
    return message


def exact_gradient(held, number, message):
    """Return the part of a partition in the objective without penalty, and in its gradient."""
    network, loss, kernels, divisor, flat = message
    objective = Objective(network, loss, held.rows, 0, divisor, kernels)
    parameters = network.parameters(flat.dtype, flat)
    gradient = parameters.empty_like()
    with row_threads() as threads, np.errstate(all="ignore"):
        value = ExactPass(objective, parameters, gradient, threads).evaluate()
    return value, gradient.flat


def rows_of_step(n_rows, step, n_steps):
    """Return start and stop of the rows of a partition that a step uses, in epoch order."""
    return step * n_rows // n_steps, (step + 1) * n_rows // n_steps


def batch_gradient(held, number, message):
    """Return the sum of the losses of the rows of a partition in a step, and the gradient."""
    network, loss, kernels, divisor, step, dropout, flat = message
    start, stop = rows_of_step(len(held.rows), step.position, step.n_steps)
    index = np.arange(start, stop)
    if step.seed is not None:
        index = held.order(step.seed, number)[index]
    rows = held.rows.select(index)
    objective = Objective(network, loss, rows, 0, divisor, kernels)
    parameters = network.parameters(flat.dtype, flat)
    gradient = parameters.empty_like()
    stream = None if dropout is None else _dropout_stream(*dropout, number)
    batch = rows.block(0, len(rows), RowBuffers(rows, len(rows)))
    with np.errstate(all="ignore"):
        batch_pass = BatchPass(objective, parameters, gradient, len(rows), stream)
        return batch_pass.evaluate(batch), gradient.flat


def _dropout_stream(seed, strength, number):
    words = [seed & 0xFFFFFFFF, seed >> 32, number]
    return DropoutStream(np.random.RandomState(words), strength)


def add_up(*parts):
    """Return the sums of the numbers and of the vectors of some parts, in their order."""
    total = sum(number for number, _ in parts)
    vector = parts[0][1].copy()
    for _, other in parts[1:]:
        np.add(vector, other, out=vector)
    return total, vector


def raw_prediction(held, number, message):
    """Return raw predictions for the rows of a partition."""
    network, kernels, flat = message
    parameters = network.parameters(flat.dtype, flat)
    return raw_predictions(network, parameters, held.rows, kernels)


def targets_of(held, number, message):
    """Return the targets of a partition, unencoded and encoded, and their weights."""
    return held.value.targets()


def target_sums(held, number, message):
    """Return the sums of the weights and of the weighted targets."""
    return 0.0, held.rows.target_sums()


def constant_loss(held, number, message):
    """Return the sum of the losses of a constant raw prediction."""
    return held.rows.loss_of_constant(*message), np.zeros(0)
