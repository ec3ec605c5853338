"""One network, or the several ones of an estimator for tables, looked at in the same way."""

from __future__ import annotations

from sklearn.base import is_classifier

from ..fitted_estimator import FittedEstimator
from ..utils import check_features, one_fit_of


def ensemble_of(estimator):
    """The networks of a fitted estimator, their inputs and their outputs.

    The object has the attributes and methods of ``OneNetwork``.
    """
    estimator = one_fit_of(estimator)
    if isinstance(estimator, FittedEstimator):
        return OneNetwork(estimator)
    return estimator._ensemble()


def is_after_link(estimator, of):
    """Whether an output is that after the link, as ``of`` says."""
    predicted = "probability" if is_classifier(estimator) else "prediction"
    if of not in ("raw", predicted):
        raise ValueError(f"of must be 'raw' or {predicted!r} here, got {of!r}.")
    return of == predicted


class OneNetwork:
    """A Backprop estimator, as an ensemble of one network.

    Attributes
    ----------
    networks : list of FittedNetwork
        The one network.

    target : Target
        Reads its raw predictions.

    has_members : bool
        Whether these are members, which the user knows of.
    """

    has_members = False

    def __init__(self, estimator):
        network, self.target = estimator._fitted()
        self.networks = [network]
        self._estimator = estimator

    def inputs(self, X):
        """What the network sees of data: an object like ``Features``."""
        return Features(check_features(self._estimator, X))

    def slopes(self, output, raws, after_link):
        """Gradients of an output with respect to the raw predictions of each network."""
        return [self.target.slope(output, raws[0], after_link)]


class Features:
    """Features as they are.

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
        """A gradient with respect to features, from one for the inputs of some rows."""
        return of_inputs
