"""Designs of the members of a table estimator: network and training."""

import threading
from dataclasses import dataclass

from ..network import Network
from ..training import Recipe
from .embeddings import TrainingInputs, layers_below
from .recipe import table_network
from .starts import embedding_layers


@dataclass(frozen=True)
class Design:
    """Store the network of a member and the recipe of its training."""

    network: Network
    recipe: Recipe


class MemberDesigns:
    """Designs by the number of the member, made when they are needed; safe in threads.

    Members with the same embedding share its layers. Continued members keep theirs.

    Parameters
    ----------
    recipes : MemberRecipes
        Hyper-parameters of the members.

    recipe_of : callable
        ``recipe_of(settings)`` returns the recipe of the training.

    preprocessing : TablePreprocessing
        Says which inputs a network uses.

    target : Target
        The target.

    sample : Sample
        The training rows.

    members : list of Outcome
        Members that are continued.
    """

    def __init__(self, recipes, recipe_of, preprocessing, target, sample, members):
        targets, weight = target.as_columns(sample.y), sample.sample_weight
        self._inputs = TrainingInputs(sample.X, preprocessing.numeric, targets, weight)
        self.recipes, self._recipe_of = recipes, recipe_of
        self._preprocessing, self._target = preprocessing, target
        self.members = members
        self._below, self._designs = {}, {}
        self._lock = threading.Lock()

    def __getitem__(self, number):
        with self._lock:
            if number not in self._designs:
                self._designs[number] = self._design(number)
            return self._designs[number]

    def _design(self, number):
        recipe, settings = self.recipes[number], self.recipes.settings(number)
        if number < len(self.members):
            below = embedding_layers(self.members[number].network.network)
        else:
            below = self._layers_below(recipe["embedding"], recipe["target_encoding"])
        n_features = self._inputs.fan_in
        network = table_network(settings, n_features, self._target, below)
        return Design(network, self._recipe_of(settings))

    def _layers_below(self, embedding, with_means):
        kind = embedding, with_means
        if kind not in self._below:
            seen = self._preprocessing.inputs_seen(with_means=with_means)
            self._below[kind] = layers_below(embedding, self._inputs, seen)
        return self._below[kind]
