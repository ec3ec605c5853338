"""The course of a fit where the data lie on the workers of a cluster."""

import copy
import warnings

import dask
import distributed
import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..drafts import of_one_fit
from ..hidden_features import why_no_features
from ..monitor import Validation
from ..training import Passes
from ..validation import available_unless
from .collections import is_collection, to_partitions
from .labels import representative_target
from .passes import DistributedBatchPass, DistributedExactPass
from .predictions import predict_lazily
from .rows import DaskSample, DistributedRows, Partition, losses_explained
from .tasks import check, constant_loss, encode, hold, hold_sample, target_sums

__all__ = ["OnDask", "why_no_partial_fit_on_dask"]

# Below so many rows, a partition takes less time to work on than to ask for.
_FEW_ROWS = 1000

# The largest partition has so many times the rows of the mean one, and the others wait for it.
_UNEVEN = 3


def why_no_partial_fit_on_dask(estimator):
    """Why there is no ``partial_fit``."""
    return (
        f"{type(estimator).__name__} has no partial_fit: call that of to_local(), with one chunk "
        "of the data after another."
    )


class OnDask:
    """What differs from the local estimators, for both: where the rows are."""

    _passes = Passes(DistributedExactPass, DistributedBatchPass)

    @property
    def client_(self):
        """The client of the cluster: the one that is current where a fit is called.

        Raises
        ------
        ValueError
            Where there is none; begin one by ``distributed.Client(...)``.
        """
        return distributed.get_client()

    def to_local(self):
        """A plain estimator with the same parameters and fitted attributes.

        Returns
        -------
        estimator : BackpropClassifier or BackpropRegressor
            For data in memory; it needs no cluster.
        """
        check_is_fitted(self)
        local = self._local_class(**self.get_params(deep=False))
        vars(local).update({name: copy.copy(value) for name, value in vars(self).items()})
        return local

    @available_unless(why_no_partial_fit_on_dask)
    def partial_fit(self, X, y):
        """Not available."""

    # ---- data

    def _check_sample(self, X, y, sample_weight, continuing, one_pass=False):
        client = self.client_
        checked, findings = self._checked(client, X, y, sample_weight, reset=not continuing)
        self._learn_from(findings, continuing)
        if all(found.total_weight == 0 for found in findings):
            raise ValueError("Sample weights must contain at least one non-zero number.")
        is_float32 = all(found.is_float32 for found in findings if found.n_rows)
        dtype = self._dtype(np.empty(0, np.float32 if is_float32 else np.float64), continuing)
        sample = self._encoded(client, checked, findings, dtype)
        _warn_of_sizes([partition.n_rows for partition in sample.rows.partitions])
        return sample

    def _check_validation_data(self, validation_data, sample):
        X_val, y_val, weight = validation_data
        if X_val is None or y_val is None:
            return super()._check_validation_data(validation_data, sample)
        try:
            checked, findings = self._checked(self.client_, X_val, y_val, weight, reset=False)
            shape = next(found.y_shape for found in findings if found.n_rows)
            if shape != sample.y_shape:
                raise ValueError(f"y_val has rows of shape {shape}, but y of {sample.y_shape}.")
            return self._encoded(self.client_, checked, findings, sample.rows.dtype)
        except (ValueError, TypeError) as error:
            message = f"Invalid X_val, y_val or sample_weight_val: {error}"
            raise type(error)(message) from error

    def _checked(self, client, X, y, sample_weight, reset):
        """Futures of validated partitions, and what is found in them."""
        partitions = to_partitions(client, X, y, sample_weight)
        probe = dask.delayed(self._probe(reset), traverse=False)
        arguments = [(probe, number, reset, *parts) for number, parts in enumerate(partitions)]
        checked, findings = _on_workers(client, check, hold, arguments)
        for found in findings:
            if isinstance(found, Exception):
                raise found
        if not any(found.n_rows for found in findings):
            raise ValueError("Found array with 0 sample(s): all partitions are empty.")
        _compare_columns(findings)
        return checked, findings

    def _probe(self, reset):
        """This estimator, with no more than what validation asks for, to be sent out."""
        probe = type(self)(**self.get_params(deep=False))
        names = ["_labels", "classes_"] + ["n_features_in_", "feature_names_in_"] * (not reset)
        vars(probe).update({name: vars(self)[name] for name in names if name in vars(self)})
        return probe

    def _learn_from(self, findings, continuing):
        """Features and labels."""
        found = [found for found in findings if found.n_rows]
        if not continuing:
            self.n_features_in_, names = found[0].columns
            vars(self).pop("feature_names_in_", None)
            if names is not None:
                self.feature_names_in_ = np.array(names, dtype=object)
        if found[0].values is not None:
            values = [part.values for part in found]
            y, weight = representative_target(values, found[0].y_shape == ())
            self._learn_target(y, weight, fixed=continuing)

    def _encoded(self, client, checked, findings, dtype):
        """The sample, without rows of weight zero and without empty partitions."""
        probe = dask.delayed(self._probe(reset=True), traverse=False)
        numbers = [number for number, found in enumerate(findings) if found.n_rows]
        arguments = [(probe, number, dtype, checked[number]) for number in numbers]
        samples, facts = _on_workers(client, encode, hold_sample, arguments)
        homes = client.who_has(samples)
        partitions = [
            Partition(number, sample, *fact[:3], tuple(homes[sample.key]))
            for number, sample, fact in zip(numbers, samples, facts, strict=True)
            if fact[0]
        ]
        if not partitions:
            raise ValueError("class_weight and sample_weight leave no sample a weight above 0.")
        shape = next(found.y_shape for found in findings if found.n_rows)
        rows = DistributedRows(client, partitions, self.n_features_in_, facts[0][3], dtype)
        return DaskSample(rows, shape)

    def _split(self, sample, state):
        """Whole partitions are held out, drawn at random."""
        partitions = sample.rows.partitions
        if state.split is None or sum(map(len, state.split)) != len(partitions):
            state.split = _split_partitions(
                partitions, self.validation_fraction, state.random_state
            )
        training, validation = state.split
        return sample.select(training), sample.select(validation)

    def _run(self, fit, sample, keep, data):
        """Minimise and publish, and let go of the rows at once: SciPy may leave cycles."""
        try:
            super()._run(fit, sample, keep, data)
        finally:
            sample.rows.release()

    # ---- watching

    def _validation(self, network, held_out):
        """As of the base, with targets that are brought here once, and predictions each time."""
        if self.scoring not in (None, "loss"):
            raise ValueError(
                f"scoring={self.scoring!r} needs the validation rows in the client's memory. On "
                "Dask, scoring is None or 'loss'."
            )
        loss, rows = self._loss(), held_out.rows
        y, row_weight, targets, weight = held_out.targets()
        total_weight = rows.total_weight

        def predict(parameters):
            return rows.raw_prediction(network, parameters)

        def mean_loss(raw):
            return loss.loss(targets, raw, weight) / total_weight

        def score(raw, parameters):
            return self._default_score(y, raw, row_weight)

        return Validation(predict, mean_loss, None if self.scoring == "loss" else score)

    def _loss_of_mean(self, objective):
        loss, rows = self._loss(), objective.rows
        weight, sums = rows.add_up(target_sums, None)
        with np.errstate(all="ignore"):
            raw = loss.link.link(sums / weight).astype(rows.dtype)
        return rows.add_up(constant_loss, (loss, raw))[0] / objective.total_weight

    # ---- predictions

    @available_unless(why_no_features)
    @of_one_fit
    def transform(self, X):
        if not is_collection(X):
            return super().transform(X)
        local = self.to_local().set_output(transform="default")
        return predict_lazily(local, "transform", X, self.get_feature_names_out())

    @of_one_fit
    def _lazily(self, method, X, **arguments):
        """What the local estimator's method gives: lazy for a collection."""
        if is_collection(X):
            return predict_lazily(
                self.to_local(), method, X, getattr(self, "classes_", None), **arguments
            )
        return getattr(super(), method)(X, **arguments)


def _on_workers(client, function, hold, arguments):
    """Futures of what the workers are to hold of each partition, and what the client learns.

    All is one graph, with what loads the data, in whose order each partition is dealt with as
    soon as it is there.
    """
    pairs = [dask.delayed(function, pure=False)(*values) for values in arguments]
    held = [dask.delayed(hold, pure=False)(pair) for pair in pairs]
    learnt = [dask.delayed(_second, pure=False)(pair) for pair in pairs]
    futures = client.compute([*held, *learnt])
    with losses_explained():
        return futures[: len(pairs)], client.gather(futures[len(pairs) :])


def _second(pair):
    return pair[1]


def _compare_columns(findings):
    """Refuse partitions of which the columns differ."""
    first = None
    for number, found in enumerate(findings):
        if found.n_rows == 0:
            continue
        first = first or (number, found)
        for what, own, other in (
            ("features", found.columns, first[1].columns),
            ("targets of shape", found.y_shape, first[1].y_shape),
        ):
            if own != other:
                raise ValueError(
                    f"Partition {number} has {what} {own}, but partition {first[0]} has {other}."
                )


def _split_partitions(partitions, fraction, random_state):
    """Positions of training and validation partitions."""
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
            "to train on, or none to validate with: on Dask, whole partitions are held out. Use "
            "more partitions, or give X_val and y_val."
        )
    return training, sorted(validation)


def _warn_of_sizes(n_rows):
    """Warn where the partitions make a step slow for no good reason."""
    if len(n_rows) < 2:
        return
    mean = sum(n_rows) / len(n_rows)
    if mean < _FEW_ROWS:
        warnings.warn(
            f"The {len(n_rows)} partitions are small: {mean:.0f} rows on average, which take "
            "less time to work on than to ask for. Use fewer and larger ones.",
            UserWarning,
            stacklevel=2,
        )
    elif max(n_rows) > _UNEVEN * mean:
        warnings.warn(
            f"The partitions are uneven: the largest has {max(n_rows)} rows, the mean is "
            f"{mean:.0f}, and all wait for the largest. Repartition the data.",
            UserWarning,
            stacklevel=2,
        )
