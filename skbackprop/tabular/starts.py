"""Where the networks of a fit start: anew, or from where an earlier fit has left them."""

from dataclasses import replace
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from ..network import CumulativeLogit, Dense
from ..training import TrainingState

# Layers that hyper-parameters describe; those below them are embeddings.
_DENSE = Dense, CumulativeLogit


class NewStart:
    """A network to be drawn.

    Attributes
    ----------
    state : TrainingState
        What its training goes on from, next time.
    """

    def __init__(self, seed):
        self.state = TrainingState(seed)

    def begin(self, network, dtype):
        """The planned network, and its parameters, drawn."""
        parameters = network.parameters(dtype)
        network.draw(parameters, self.state.random_state)
        return network, parameters

    def whole_story(self, outcome):
        """The outcome of all fits of this network: here, of this one."""
        return outcome


class Continuation:
    """A fitted network that is trained further.

    Parameters
    ----------
    member : Outcome
        Of the earlier fits.

    state : TrainingState
        That of the earlier fit, which stays as it is, or a new one.

    Attributes
    ----------
    state : TrainingState
        What its training goes on from, next time.
    """

    def __init__(self, member, state):
        self._member = member
        self.state = state.copy()

    def begin(self, network, dtype):
        """The planned network, and the member's parameters, copied."""
        return network, self._member.network.parameters(dtype)

    def whole_story(self, outcome):
        """The outcome of all fits: epochs are counted, and curves begin, with the first fit."""
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
    """A curve of validation rows, with NaN for epochs without such; empty if all are."""
    curves = [
        getattr(part, name) or [np.nan] * part.n_iter * bool(getattr(other, name))
        for part, other in ((before, outcome), (outcome, before))
    ]
    return curves[0] + curves[1]


def embedding_layers(network):
    """The layers below the first dense one."""
    layers = network.layers
    n_below = next(i for i, layer in enumerate(layers) if isinstance(layer, _DENSE))
    return layers[:n_below]


def check_same_layers(asked, had):
    """Refuse hyper-parameters that ask for other layers than those of a fitted network."""
    descriptions = [_described(network) for network in (asked, had)]
    if descriptions[0] != descriptions[1]:
        raise ValueError(
            "hidden_layer_sizes, activation and loss now ask for networks "
            f"{descriptions[0]}, but those that warm_start or partial_fit goes on with are "
            f"{descriptions[1]}. To begin anew, set warm_start=False and call fit."
        )


def _described(network):
    """What hyper-parameters say of the dense layers: units and activations."""
    *hidden, last = network.layers[len(embedding_layers(network)) :]
    layers = [f"{layer.fan_out} {layer.description}" for layer in hidden]
    return " -> ".join([*layers, f"{last.fan_out} outputs"])


def starts_of(settings, networks, members, states, is_part):
    """A start, by its number, for each network that is to be trained.

    Parameters
    ----------
    settings : estimator
        Of which ``n_members`` and ``random_state`` are read.

    networks : list of Network
        What the hyper-parameters ask for.

    members : list of Outcome
        Of the fit to go on from; empty where the fit begins anew.

    states : dict of TrainingState
        What that fit has kept to go on from.

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
    """A seed for each network."""
    seeds = check_random_state(settings.random_state).randint(2**31 - 1, size=settings.n_members)
    return [int(seed) for seed in seeds]


def _check_number(n_asked, n_had, is_part):
    if n_asked < n_had or (is_part and n_asked != n_had):
        allowed = "as many are" if is_part else "as many, or more, are"
        raise ValueError(
            f"n_members={n_asked}, but {n_had} networks have been fitted that warm_start or "
            f"partial_fit goes on with; {allowed} allowed. To begin anew, set warm_start=False "
            "and call fit."
        )


def _states_to_go_on_from(settings, states):
    """Those that are kept, if ``random_state`` still is what they began with; new ones else."""
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
