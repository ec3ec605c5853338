"""Starts of the networks of a fit: new ones, or the networks of an earlier fit."""

from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from ..network import CumulativeLogit, Dense
from ..training import TrainingState
from .time_budget import most_members

# Layers that hyper-parameters describe; the layers below them are embeddings.
_DENSE = Dense, CumulativeLogit


class NewStart:
    """Start with new random parameters.

    Attributes
    ----------
    state : TrainingState
        State from which a later fit continues the training.
    """

    def __init__(self, seed):
        self.state = TrainingState(seed)

    def begin(self, network, dtype):
        """Return the planned network, and random initial parameters."""
        parameters = network.parameters(dtype)
        network.draw(parameters, self.state.random_state)
        return network, parameters

    def whole_story(self, outcome):
        """Return the outcome unchanged, because there is no earlier fit."""
        return outcome


class Continuation:
    """Start from a fitted network, which is trained further.

    Parameters
    ----------
    member : Outcome
        Outcome of the earlier fits.

    state : TrainingState
        State of the earlier fit, which is not changed, or a new one.

    Attributes
    ----------
    state : TrainingState
        State from which a later fit continues the training.
    """

    def __init__(self, member, state):
        self._member = member
        self.state = state.copy()

    def begin(self, network, dtype):
        """Return the planned network, and a copy of the member's parameters."""
        return network, self._member.network.parameters(dtype)

    def whole_story(self, outcome):
        """Return the outcome of all fits, with the epochs and the curves of the earlier ones."""
        before = self._member
        return replace(
            outcome,
            n_iter=before.n_iter + outcome.n_iter,
            best_iter=before.n_iter + outcome.best_iter,
            loss_curve=[*before.loss_curve, *outcome.loss_curve],
            validation_losses=_joined(before, outcome, "validation_losses"),
            validation_scores=_joined(before, outcome, "validation_scores"),
        )


def _joined(before, outcome, name):
    """Join two curves; NaN for epochs without validation rows, empty if no epoch has them."""
    curves = [
        getattr(part, name) or [np.nan] * part.n_iter * bool(getattr(other, name))
        for part, other in ((before, outcome), (outcome, before))
    ]
    return curves[0] + curves[1]


def embedding_layers(network):
    """Return the layers below the first dense layer."""
    layers = network.layers
    n_below = next(i for i, layer in enumerate(layers) if isinstance(layer, _DENSE))
    return layers[:n_below]


def check_same_layers(asked, had):
    """Raise ValueError if the hyper-parameters describe other layers than a fitted network has."""
    descriptions = [_described(network) for network in (asked, had)]
    if descriptions[0] != descriptions[1]:
        raise ValueError(
            "hidden_layer_sizes, activation and loss now describe networks "
            f"{descriptions[0]}, but the fitted networks that warm_start or partial_fit continues "
            f"are {descriptions[1]}. To start again, set warm_start=False and call fit."
        )


def _described(network):
    """Describe the units and activations of the dense layers."""
    *hidden, last = network.layers[len(embedding_layers(network)) :]
    layers = [f"{layer.fan_out} {layer.description}" for layer in hidden]
    return " -> ".join([*layers, f"{last.fan_out} outputs"])


def starts_of(settings, networks, members, states, is_part):
    """Return a dict with the start of each network that will be trained, by its number.

    Parameters
    ----------
    settings : estimator
        Estimator whose ``n_members`` and ``random_state`` are read.

    networks : list of Network
        Networks that the hyper-parameters describe.

    members : list of Outcome
        Members of the fit that is continued; empty for a new fit.

    states : dict of TrainingState
        Training states that this fit has kept, by the number of the network.

    is_part : bool
        Whether this is a call of ``partial_fit``.
    """
    n_had, n_asked = len(members), settings.n_members
    if not n_had:
        return {number: NewStart(seed) for number, seed in enumerate(_seeds(settings))}
    _check_number(n_asked, n_had, is_part)
    for network, member in zip(networks, members, strict=False):
        check_same_layers(network, member.network.network)
    if n_asked > n_had:
        return {number: NewStart(_seeds(settings)[number]) for number in range(n_had, n_asked)}
    states = _states_to_go_on_from(settings, states)
    return {number: Continuation(member, states[number]) for number, member in enumerate(members)}


def _seeds(settings):
    """Return a seed for each network that may be trained."""
    n_seeds = most_members(settings)
    seeds = check_random_state(settings.random_state).randint(2**31 - 1, size=n_seeds)
    return [int(seed) for seed in seeds]


def _check_number(n_asked, n_had, is_part):
    if n_asked < n_had or (is_part and n_asked != n_had):
        allowed = f"{n_had}" if is_part else f"at least {n_had}"
        raise ValueError(
            f"n_members={n_asked} must be {allowed}, the number of fitted networks that "
            "warm_start or partial_fit continues. To start again, set warm_start=False and call "
            "fit."
        )


def _states_to_go_on_from(settings, states):
    """Return the kept states if ``random_state`` has not changed, otherwise new ones."""
    is_number = isinstance(settings.random_state, Integral)
    numbers = range(settings.n_members)
    if not is_number and all(number in states for number in numbers):
        return states
    seeds = _seeds(settings)

    def go_on(number):
        state = states.get(number)
        if state is None or (is_number and not state.is_of(seeds[number])):
            return TrainingState(seeds[number])
        return state

    return {number: go_on(number) for number in numbers}
