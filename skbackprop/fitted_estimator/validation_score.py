"""The score of validation rows, by which early stopping judges an epoch."""

from copy import copy

from sklearn.metrics import get_scorer

from ..network import FittedNetwork


def score_of(estimator, held_out, network, target):
    """``score(raw_prediction, parameters)`` for ``scoring``; None for minus the loss."""
    y, weight = held_out.targets()[:2]
    scoring = estimator.scoring
    if scoring == "loss":
        return None
    if scoring is None:
        return lambda raw, parameters: target.score_raw(y, raw, weight)
    if weight is not None and weight.ndim == 2:
        raise ValueError(
            f"scoring={scoring!r} cannot be computed: targets of the validation data are "
            "missing. With missing_targets='ignore', scoring is None or 'loss'."
        )
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    X = held_out.X
    weights = {} if weight is None else {"sample_weight": weight}  # emptied if not wanted
    candidate = copy(estimator)
    vars(candidate).pop("feature_names_in_", None)  # X is an array by now

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
