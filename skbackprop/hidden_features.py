"""Features out of a network: what its last hidden layer computes, as a transformer."""

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from .batches import RowBuffers, Rows
from .drafts import of_one_fit
from .network import Workspace
from .passes import rows_per_block
from .validation import available_unless, check_features

__all__ = ["HiddenFeatures", "hidden_activations", "why_no_features"]


def hidden_activations(estimator, X, layers):
    """Activations of some layers, computed block by block.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    layers : sequence of int
        Positions of the layers; 0 is the first hidden one.

    Returns
    -------
    activations : list of ndarrays of shape (n_samples, n_units)
    """
    check_is_fitted(estimator)
    X = check_features(estimator, X)
    network, parameters = estimator._fitted_network()
    rows = Rows.of_features(X, estimator.coefs_[0].dtype)
    block_rows = min(rows_per_block(network, rows.X), len(rows))
    workspace = Workspace(network, block_rows, rows.dtype, backward=False)
    buffers = RowBuffers(rows, block_rows)
    outputs = [np.empty((len(rows), network.layer_units[i + 1]), rows.dtype) for i in layers]
    for start in range(0, len(rows), block_rows):
        stop = min(start + block_rows, len(rows))
        network.forward(parameters, rows.block(start, stop, buffers).X, workspace)
        computed = workspace.layers(stop - start)
        for i, output in zip(layers, outputs, strict=True):
            output[start:stop] = computed[i].H
    return outputs


def why_no_features(estimator):
    """Why an estimator has no hidden features; None where it has."""
    sizes = estimator.hidden_layer_sizes
    if np.iterable(sizes) and len(sizes) == 0:
        return (
            f"This {type(estimator).__name__!r} has no hidden layer (hidden_layer_sizes=()), so "
            "it does not transform."
        )
    return None


class HiddenFeatures(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """``transform`` and its company, for an estimator with hidden layers."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if why_no_features(self) is not None:
            tags.transformer_tags = None
        else:
            dtypes = ["float64", "float32"] if self.dtype is None else [self.dtype]
            tags.transformer_tags.preserves_dtype = dtypes
        return tags

    @property
    def _n_features_out(self):
        return self.coefs_[-1].shape[0]

    def transform(self, X):
        """Activations of the last hidden layer: the features that the network has learnt.

        Not available with ``hidden_layer_sizes=()``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        H : ndarray of shape (n_samples, n_units), or as ``set_output`` says
            Of the floating-point type of the fit.
        """
        return hidden_activations(self, X, [len(self.coefs_) - 2])[0]


def _restrict(*names):
    """Make methods of ``HiddenFeatures`` available with hidden layers only.

    Done after the class exists: scikit-learn wraps ``transform`` for ``set_output`` as the class
    comes into being, and what restricts must be outermost.
    """
    for name in names:
        method = getattr(HiddenFeatures, name)
        setattr(HiddenFeatures, name, available_unless(why_no_features)(method))


# Outside of what scikit-learn has wrapped around it, which asks for the names of the columns.
HiddenFeatures.transform = of_one_fit(HiddenFeatures.transform)
_restrict("transform", "fit_transform", "get_feature_names_out")
