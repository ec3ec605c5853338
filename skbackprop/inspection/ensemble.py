"""A common interface to one network and to the ensemble of an estimator for tables."""

from __future__ import annotations

from sklearn.base import is_classifier

from ..fitted_estimator import FittedEstimator
from ..utils import check_features, one_fit_of


def ensemble_of(estimator):
    """Return an object with the networks of a fitted estimator, their inputs and outputs.

    It has the attributes and methods of ``OneNetwork``.
    """
    estimator = one_fit_of(estimator)
    if isinstance(estimator, FittedEstimator):
        return OneNetwork(estimator)
    return estimator._ensemble()


def is_after_link(estimator, of):
    """Return whether ``of`` selects the output after the link."""
    predicted = "probability" if is_classifier(estimator) else "prediction"
    if of not in ("raw", predicted):
        kind = "classifier" if is_classifier(estimator) else "regressor"
        raise ValueError(f"of must be 'raw' or {predicted!r} for a {kind}, got {of!r}.")
    return of == predicted


class OneNetwork:
    """A Backprop estimator as an ensemble of one network.

    Attributes
    ----------
    networks : list of FittedNetwork
        List with the network.

    target : Target
        Target that interprets its raw predictions.

    has_members : bool
        Whether users see the networks as members of an ensemble.
    """

    has_members = False

    def __init__(self, estimator):
        network, self.target = estimator._fitted()
        self.networks = [network]
        self._estimator = estimator

    def inputs(self, X):
        """Return the inputs of the network for data, an object like ``Features``."""
        return Features(check_features(self._estimator, X))

    def slopes(self, output, raws, after_link):
        """Return gradients of an output with respect to the raw predictions of each network."""
        return [self.target.slope(output, raws[0], after_link)]


class Features:
    """Features that are the inputs of the network without encoding.

    Attributes
    ----------
    Z : {ndarray, CSR matrix} of shape (n_samples, n_inputs)
        Inputs of the networks.

    n_features : int
        Number of features.
    """

    def __init__(self, X):
        self.Z = X
        self.n_features = X.shape[1]

    def gradient(self, of_inputs, start, stop):
        """Turn a gradient with respect to the inputs of some rows into one for features."""
        return of_inputs
