"""Architecture and training of the networks of a table estimator."""

from dataclasses import replace

import numpy as np

from ..activations import activations_of_layers
from ..network import Dense, Network, UnitVariance, output_layer
from ..network.dropout import dropout_rates
from ..parameter_checks import check_hidden_layer_sizes
from ..training import (
    Adam,
    Constant,
    HeldCosine,
    Recipe,
    ThenConstant,
    WarmUpThenCosine,
    steps_of_epoch,
)

# Factor of the learning rate of biases.
_RATE_OF_BIASES = 0.1

# batch_size='auto' uses a smaller size below this number of rows.
_FEW_ROWS = 3000
_BATCH = 256

# Factor of the learning rate of partial_fit after the planned calls.
_RATE_AFTER_PLAN = 0.1

# A last minibatch of at most this fraction of the batch size is dropped.
_LAST_BATCH = 0.25


def table_network(settings, n_features, target, below):
    """Return a network with dense layers above the embedding layers ``below``.

    The learning rate of weights is ``rate / sqrt(fan_in)``. ``settings`` is an estimator, of which
    only hyper-parameters are read.
    """
    hidden = check_hidden_layer_sizes(settings)
    rates = dropout_rates(settings.dropout, 0.0, len(hidden))
    rates = rates and [0.0] * len(below) + rates
    layers, fan_in = list(below), below[-1].fan_out if below else n_features
    activations = activations_of_layers(settings.activation, len(hidden))
    for fan_out, activation in zip(hidden, activations, strict=True):
        layers.append(Dense(fan_in, fan_out, activation, UnitVariance(), _rates(fan_in)))
        fan_in = fan_out
    start, ordered = UnitVariance(), target.ordered
    layers.append(output_layer(fan_in, target.n_raw, start, _rates(fan_in), ordered))
    return Network(layers, rates)


def _rates(fan_in):
    """Return the learning rate factors of the weights and the biases of a layer."""
    return fan_in**-0.5, _RATE_OF_BIASES


def table_recipe(settings, n_rows, small_batch, early_stopping, validation_loss):
    """Return the recipe for training on ``n_rows`` rows, not counting validation rows.

    ``small_batch`` is the size of a minibatch of 'auto' for few rows.

    The learning rate increases during 5 % of the epochs and then decreases to 0. Weight decay and
    dropout are constant for half of the epochs and then decrease to 0. ``settings`` is an
    estimator, of which only hyper-parameters are read.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS.
    """
    batch_size = settings.batch_size
    if batch_size == "auto":
        batch_size = small_batch if n_rows < _FEW_ROWS else _BATCH
    batch_size = min(int(batch_size), n_rows)
    n_steps = steps_of_epoch(n_rows, batch_size, _LAST_BATCH)
    return Recipe(
        solver="adam",
        max_iter=max(settings.max_iter, -(-settings.min_steps // n_steps)),
        n_iter_no_change=settings.n_iter_no_change,
        early_stopping=early_stopping,
        batch_size=batch_size,
        last_batch=_LAST_BATCH,
        schedule=WarmUpThenCosine(float(settings.learning_rate_init)),
        strength=HeldCosine(1.0),
        rule=Adam(0.9, 0.95, 1e-8, weight_decay=float(settings.weight_decay)),
        learning_rate="cosine",
        learning_rate_init=settings.learning_rate_init,
        validation_loss=validation_loss,
        # Rounding in float32 would make the prediction of a row depend on the rows beside it.
        predicts_in=np.float64,
    )


def steps_of_recipe(recipe, n_rows):
    """Return the number of steps of an epoch of ``n_rows`` rows."""
    return steps_of_epoch(n_rows, recipe.batch_size, recipe.last_batch)


def recipe_of_call(settings, recipe, steps_of_first):
    """Return the recipe for a call of ``partial_fit``, which is one epoch of ``recipe``.

    The calls follow the schedule of a fit to the rows of the first call, whose epochs have
    ``steps_of_first`` steps. After the last epoch of this schedule, and if the networks come from
    ``fit`` (0 steps), the learning rate is a tenth of the largest one, without weight decay and
    dropout.
    """
    recipe = replace(recipe, one_pass=True)
    rate = _RATE_AFTER_PLAN * recipe.schedule.initial
    if not steps_of_first:
        return replace(recipe, schedule=Constant(rate), strength=Constant(0.0))
    n_calls = max(settings.max_iter, -(-settings.min_steps // steps_of_first))
    return replace(recipe, max_iter=n_calls, schedule=ThenConstant(recipe.schedule, rate))
