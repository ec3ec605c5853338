"""One network of an ensemble: an estimator whose layers, start and rates are the recipe's."""

from dataclasses import replace

import numpy as np

from ..activations import activations_of_layers
from ..classifier import BackpropClassifier
from ..initializers import unit_variance
from ..network import Dense, Network
from ..parameters import LayerArrays
from ..periodic import PeriodicEmbedding
from ..regressor import BackpropRegressor
from ..sample import can_stratify
from ..schedules import HeldCosine, WarmUpThenCosine
from .progress import MemberTasks
from .temperature import temperature

__all__ = ["ClassifierMember", "RegressorMember"]

# Factors of the learning rate: of biases, and of an embedding, whose decay has the same.
_RATE_OF_BIASES = 0.1
_RATE_OF_EMBEDDING = 0.1


class Member:
    """What makes a network of the recipe of a Backprop estimator.

    The learning rate of weights is ``rate / sqrt(fan_in)``; it rises over 5 % of the epochs and
    then falls to 0. Weight decay and dropout are held for half of the epochs, and then fall to 0.

    Attributes
    ----------
    embedded_columns : sequence of int
        Positions of the features that a periodic embedding is for; set before ``fit``.

    number : int
        Position among the networks; set before ``fit``.

    progress : FitProgress or None
        The fit that the network takes part in, while it does.

    embedding_ : tuple of ndarrays
        Parameters of the embedding, where there is one.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS.
    """

    embedded_columns = ()
    number = 0
    progress = None
    _strength_schedule = HeldCosine(1.0)
    _last_batch = 0.25
    # What is predicted for a row should not depend on the rows beside it.
    _predicts_in = np.float64

    def _own_schedule(self):
        return WarmUpThenCosine(self.learning_rate_init)

    def _network(self, layer_units, dropout=None):
        fan_in, *units = layer_units
        layers = []
        if len(self.embedded_columns):
            layers.append(
                PeriodicEmbedding(
                    fan_in,
                    self.embedded_columns,
                    rate=_RATE_OF_EMBEDDING,
                    decay=_RATE_OF_EMBEDDING,
                )
            )
            fan_in = layers[0].fan_out
            dropout = dropout and [0.0, *dropout]
        activations = [*activations_of_layers(self.activation, len(units) - 1), Network.linear]
        for fan_out, activation in zip(units, activations, strict=True):
            layers.append(Dense(fan_in, fan_out, activation, (fan_in**-0.5, _RATE_OF_BIASES)))
            fan_in = fan_out
        return Network.of_layers(layers, dropout)

    def _draw(self, network, parameters, random_state):
        dense = parameters.layers
        if len(self.embedded_columns):
            network.layers[0].draw(dense[0], random_state)
            dense = dense[1:]
        unit_variance(dense, random_state)

    def _of_parameters(self, parameters):
        if not len(self.embedded_columns):
            return super()._of_parameters(parameters)
        embedding, *dense = parameters.layers
        return {"embedding_": embedding} | super()._of_parameters(LayerArrays(dense))

    def _fitted_network(self):
        parameters = LayerArrays(self._fitted_parameters().layers)
        units = [self.n_features_in_, *(coef.shape[1] for coef in self.coefs_)]
        if len(self.embedded_columns):
            embedding = tuple(np.asarray(array, self._predicts_in) for array in self.embedding_)
            parameters = LayerArrays([embedding, *parameters.layers])
        return self._network(units), parameters

    def _begin_tasks(self, fit, data):
        if self.progress is None:
            return super()._begin_tasks(fit, data)
        return MemberTasks(self.progress, self, fit)

    def _publish(self, fit, stop_reason, **goes_on):
        interrupted = self.progress is not None and self.progress.interrupted
        if interrupted and fit.monitor.stop_requested:
            stop_reason = f"Interrupted by the user after {fit.monitor.n_iter} epochs."
        super()._publish(fit, stop_reason, **goes_on)

    def _strata(self, targets):
        """The classes, unless one of them is too small for a stratified split."""
        strata = super()._strata(targets)
        if strata is None:
            return None
        n_validation = int(np.ceil(len(strata) * self.validation_fraction))
        return strata if can_stratify(strata, n_validation) else None


class ClassifierMember(Member, BackpropClassifier):
    """A network of a ``TabularClassifier``.

    Its raw predictions are divided by a temperature, at least 1, that makes the loss of the
    validation rows least: probabilities of a network that has seen few rows are too sure. The
    division is part of the published last layer.
    """

    def _validation_loss(self):
        """Without label smoothing: what is told of the rows are their own labels."""
        if not getattr(self.loss, "label_smoothing", 0):
            return self._loss()
        return self._labels.with_loss(replace(self.loss, label_smoothing=0.0)).loss

    def _publish(self, fit, stop_reason, **goes_on):
        super()._publish(fit, stop_reason, **goes_on)
        validation = fit.monitor.validation
        if validation is not None:
            published = fit.network.parameters(fit.parameters.flat.dtype, fit.monitor.published())
            raw = validation.predict(published)
            scale = 1 / temperature(raw, validation.loss, self._validation_loss())
            for last in (self.coefs_, self.intercepts_):
                last[-1] = last[-1] * last[-1].dtype.type(scale)


class RegressorMember(Member, BackpropRegressor):
    """A network of a ``TabularRegressor``."""
