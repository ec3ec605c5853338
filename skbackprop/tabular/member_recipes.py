"""Recipes of the members: the parameters that differ from member to member."""

from numbers import Integral
from types import SimpleNamespace

import numpy as np
from scipy.stats import loguniform, uniform
from sklearn.model_selection import ParameterSampler
from sklearn.utils import check_random_state

from ..parameter_checks import check_hidden_layer_sizes
from .embeddings import embeddings_in_turn

# Number of members that alternate between the two encodings of categories, before the order of
# the encodings changes. It is also the number of folds of a fit with a time budget, so that each
# fold gets members of both kinds.
ROUND = 8

# Distribution of drawn recipes: factors of the width, of the learning rate and of the weight
# decay, and limits of the dropout rate.
_WIDTHS = 0.75, 1.0, 1.5
_RATES = 0.5, 1.4
_DECAYS = 1 / 3, 3.0
_DROPOUTS = 0.05, 0.35
_ACTIVATIONS = "gelu", "relu", "silu"
_SMALL_BATCH = 128


class MemberRecipes:
    """Recipes by the number of the member; each is a dict of parameters.

    The entry 'target_encoding' is not a parameter of the estimator. It says whether the member
    uses target encoding for categories with many levels.

    Parameters
    ----------
    settings : estimator
        Only hyper-parameters are read.

    default, drawn : sequence of str or None
        Embeddings for ``embedding='auto'``: of the members with the default recipe, and those from
        which recipes are drawn.

    Attributes
    ----------
    n_default : int
        Number of members with the default recipe.

    seed : int or None
        Seed of the recipes that are drawn for the others; None without a time budget.
    """

    seed = None

    def __init__(self, settings, default, drawn):
        self._parameters = settings.get_params(deep=False)
        self._embeddings = embeddings_in_turn(settings.embedding, default)
        self.n_default = settings.n_members
        if settings.time_budget is not None:
            self.n_default = max(ROUND, settings.n_members)
            self._space = search_space(settings, drawn)
            self.seed = int(check_random_state(settings.random_state).randint(2**31 - 1))

    def settings(self, number):
        """Return all hyper-parameters of a member as attributes."""
        return SimpleNamespace(**self._parameters | self[number])

    def __getitem__(self, number):
        if number < self.n_default:
            recipe = {"embedding": self._embeddings[number % len(self._embeddings)]}
        else:
            rng = np.random.RandomState([self.seed, number])
            drawn = next(iter(ParameterSampler(self._space, 1, random_state=rng)))
            recipe = {k: v.item() if isinstance(v, np.generic) else v for k, v in drawn.items()}
        return recipe | {"target_encoding": (number + number // ROUND) % 2 == 0}


def check_same_embeddings(recipes, had):
    """Raise ValueError if a continued fit has other embeddings than its networks.

    ``had`` are the recipes of the networks.
    """
    n_members = min(recipes.n_default, len(had))
    asked = [recipes[number]["embedding"] for number in range(n_members)]
    known = [recipe["embedding"] for recipe in had[:n_members]]
    if asked != known:
        raise ValueError(
            f"embedding now describes networks with {asked}, but the fitted networks that "
            f"warm_start or partial_fit continues have {known}. To start again, set "
            "warm_start=False and call fit."
        )


def search_space(settings, embeddings):
    """Return distributions of parameters around those of an estimator, by their names.

    ``embeddings`` are those of ``embedding='auto'``. Parameters that are lists with an entry for
    each layer are not in the space, and then neither is the number of layers.
    """
    rate, decay = settings.learning_rate_init, settings.weight_decay
    batch_size, sizes = settings.batch_size, check_hidden_layer_sizes(settings)
    small_batch = -(-batch_size // 2) if isinstance(batch_size, Integral) else _SMALL_BATCH
    by_layer = [name for name in ("activation", "dropout") if np.ndim(getattr(settings, name))]
    space = {
        "embedding": _different(embeddings_in_turn(settings.embedding, embeddings)),
        "hidden_layer_sizes": _architectures(sizes, same_depth=bool(by_layer)),
        "learning_rate_init": loguniform(_RATES[0] * rate, _RATES[1] * rate),
        "batch_size": _different([batch_size, small_batch]),
        "weight_decay": loguniform(_DECAYS[0] * decay, _DECAYS[1] * decay) if decay else [decay],
    }
    if "activation" not in by_layer:
        space["activation"] = _different([settings.activation, *_ACTIVATIONS])
    if "dropout" not in by_layer:
        space["dropout"] = uniform(_DROPOUTS[0], _DROPOUTS[1] - _DROPOUTS[0])
    return space


def _architectures(sizes, same_depth):
    """Return hidden layer sizes with other widths, and with a layer more or less.

    Networks of one or two hidden layers get one more, deeper ones one less.
    """
    depths = [sizes]
    if sizes and not same_depth:
        depths.append(sizes + sizes[-1:] if len(sizes) < 3 else sizes[:-1])
    return _different(
        tuple(max(1, round(factor * size)) for size in one) for one in depths for factor in _WIDTHS
    )


def _different(values):
    """Return the values without repetitions, in order."""
    return list(dict.fromkeys(values))
