"""Checks and encoding of data on the workers of a cluster."""

from weakref import WeakSet

import dask
import numpy as np

from ..data import Checked, float_type, lasting_split, sides_of_all
from ..utils import warn
from .collections import to_partitions
from .labels import kinds_of_labels, representative_target
from .rows import DaskSample, DistributedRows, Partition, losses_explained
from .tasks import check, encode, hold, hold_sample

# For smaller partitions, the communication takes longer than the computation.
_FEW_ROWS = 1000

# Ratio of the largest to the mean number of rows from which on a warning is given.
_UNEVEN = 3


class DistributedGate:
    """Do what ``Gate`` does for data in memory, with each partition on its worker."""

    def __init__(self, estimator, client):
        self._estimator = estimator
        self._client = client
        self._futures = WeakSet()
        self._n_given = 0  # number of partitions of the training data

    def training(self, given, known, earlier_dtype):
        """Return target and sample of training data."""
        estimator, begins = self._estimator, earlier_dtype is None
        checked, findings = self._checked(given.X, given.y, given.sample_weight, begins)
        self._n_given = len(findings)
        found = [found for found in findings if found.n_rows]
        if begins:
            _learn_columns(estimator, *found[0].columns)
        target = estimator._target_for(Checked(None, *representative_target(found)), known, given)
        if all(part.total_weight == 0 for part in found):
            raise ValueError("Sample weights must contain at least one non-zero number.")
        X_dtype = np.float32 if all(part.is_float32 for part in found) else np.float64
        dtype = float_type(estimator.dtype, X_dtype, earlier_dtype)
        sample = self._encoded(checked, findings, target, dtype)
        _warn_of_sizes([partition.n_rows for partition in sample.rows.partitions])
        return target, sample

    def validation(self, given, target, dtype):
        """Return the sample of validation data."""
        try:
            checked, findings = self._checked(
                given.X_val, given.y_val, given.sample_weight_val, reset=False
            )
            return self._encoded(checked, findings, target, dtype)
        except (ValueError, TypeError) as error:
            message = f"Invalid X_val, y_val or sample_weight_val: {error}"
            raise type(error)(message) from error

    def split(self, given, sample, target, state):
        """Hold out whole partitions, drawn at random."""
        partitions, fraction = sample.rows.partitions, self._estimator.validation_fraction
        numbers = np.array([partition.number for partition in partitions])

        def draw():
            split = _split_partitions(partitions, fraction, state.random_state)
            return sides_of_all(split, numbers, self._n_given)

        return map(sample.select, lasting_split(state, numbers, self._n_given, draw))

    def release(self):
        """Release the data that the workers still hold."""
        for future in self._futures:
            future.release()

    def _checked(self, X, y, sample_weight, reset):
        """Return futures of checked partitions, and their ``Findings``."""
        partitions = to_partitions(self._client, X, y, sample_weight)
        probe = dask.delayed(self._probe(reset), traverse=False)
        arguments = [(probe, number, reset, *parts) for number, parts in enumerate(partitions)]
        checked, findings = self._on_workers(check, hold, arguments)
        for found in findings:
            if isinstance(found, Exception):
                raise found
        if not any(found.n_rows for found in findings):
            raise ValueError("Found array with 0 sample(s): all partitions are empty.")
        _compare_columns(findings)
        return checked, findings

    def _probe(self, reset):
        """Return an estimator with only the attributes that the check needs, to be sent."""
        estimator = self._estimator
        probe = type(estimator)(**estimator.get_params(deep=False))
        for name in ("n_features_in_", "feature_names_in_"):
            if not reset and hasattr(estimator, name):
                setattr(probe, name, getattr(estimator, name))
        return probe

    def _encoded(self, checked, findings, target, dtype):
        """Return the sample without rows of weight 0 and without empty partitions."""
        sent = dask.delayed(target, traverse=False)
        numbers = [number for number, found in enumerate(findings) if found.n_rows]
        arguments = [(sent, number, dtype, checked[number]) for number in numbers]
        samples, facts = self._on_workers(encode, hold_sample, arguments)
        homes = self._client.who_has(samples)
        partitions = [
            Partition(number, sample, *fact, tuple(homes[sample.key]))
            for number, sample, fact in zip(numbers, samples, facts, strict=True)
            if fact[0]
        ]
        if not partitions:
            raise ValueError("class_weight and sample_weight give all samples the weight 0.")
        n_features = self._estimator.n_features_in_
        return DaskSample(DistributedRows(self._client, partitions, n_features, dtype))

    def _on_workers(self, function, hold, arguments):
        """Return futures of the data that the workers keep, and the facts for the client.

        All partitions are in one graph together with the tasks that load the data, so each
        partition is processed as soon as it is loaded.
        """
        pairs = [dask.delayed(function, pure=False)(*values) for values in arguments]
        held = [dask.delayed(hold, pure=False)(pair) for pair in pairs]
        learnt = [dask.delayed(_second, pure=False)(pair) for pair in pairs]
        with losses_explained(self._client):
            futures = self._client.compute([*held, *learnt])
            self._futures.update(futures)
            return futures[: len(pairs)], self._client.gather(futures[len(pairs) :])


def _learn_columns(estimator, n_features, names):
    """Set number and names of the features, as scikit-learn's validation does in memory."""
    estimator.n_features_in_ = n_features
    vars(estimator).pop("feature_names_in_", None)
    if names is not None:
        estimator.feature_names_in_ = np.array(names, dtype=object)


def _second(pair):
    return pair[1]


def _compare_columns(findings):
    """Raise ValueError if the columns of the partitions differ."""
    (first, model), *others = [pair for pair in enumerate(findings) if pair[1].n_rows]
    for number, found in others:
        for what, own, other in (
            ("features", found.columns, model.columns),
            ("targets of shape", found.y_shape, model.y_shape),
            ("labels of kind", kinds_of_labels(found), kinds_of_labels(model)),
        ):
            if own != other:
                raise ValueError(
                    f"Partition {number} has {what} {own}, but partition {first} has {other}."
                )


def _split_partitions(partitions, fraction, random_state):
    """Return the positions of training and validation partitions."""
    n_rows = sum(partition.n_rows for partition in partitions)
    validation, held_out = [], 0
    for position in random_state.permutation(len(partitions)):
        if held_out >= fraction * n_rows:
            break
        validation.append(int(position))
        held_out += partitions[position].n_rows
    training = [i for i in range(len(partitions)) if i not in validation]
    if not training or held_out < 2:
        raise ValueError(
            f"validation_fraction={fraction} of {len(partitions)} partitions leaves no partition "
            "to train on, or none to validate with, because on Dask whole partitions are held "
            "out. Use more partitions, or pass X_val and y_val."
        )
    return training, sorted(validation)


def _warn_of_sizes(n_rows):
    """Warn if small or uneven partitions make training slow."""
    if len(n_rows) < 2:
        return
    mean = sum(n_rows) / len(n_rows)
    if mean < _FEW_ROWS:
        message = (
            f"The {len(n_rows)} partitions are small, {mean:.0f} rows on average: communication "
            "takes longer than computation. Use fewer and larger partitions."
        )
    elif max(n_rows) > _UNEVEN * mean:
        message = (
            f"The partitions are uneven: the largest has {max(n_rows)} rows, the mean is "
            f"{mean:.0f}, and all workers wait for the largest. Repartition the data."
        )
    else:
        return
    warn(message)
