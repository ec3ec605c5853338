"""Validation scores for early stopping."""

from copy import copy

from sklearn.metrics import get_scorer

from ..network import FittedNetwork


def score_of(estimator, held_out, network, target):
    """Return a function ``score(raw_prediction, parameters)``, or None for ``scoring='loss'``."""
    y, weight = held_out.targets()[:2]
    scoring = estimator.scoring
    if scoring == "loss":
        return None
    if scoring is None:
        return lambda raw, parameters: target.score_raw(y, raw, weight)
    if weight is not None and weight.ndim == 2:
        raise ValueError(
            f"scoring={scoring!r} cannot be computed because the validation data have missing "
            "targets. With missing_targets='ignore', scoring must be None or 'loss'."
        )
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    X = held_out.X
    weights = {} if weight is None else {"sample_weight": weight}  # cleared if not supported
    candidate = copy(estimator)
    vars(candidate).pop("feature_names_in_", None)  # X is an array here, without names

    def score(raw, parameters):
        candidate._use_network(FittedNetwork(network, parameters.layers))
        try:
            return scorer(candidate, X, y, **weights)
        except TypeError:
            if not weights:
                raise
            weights.clear()
            return scorer(candidate, X, y)

    return score
