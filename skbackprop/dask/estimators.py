"""The two estimators for data on a Dask cluster."""

import dask

from ..classifier import BackpropClassifier
from ..drafts import of_one_fit
from ..label_columns import check_labels
from ..regressor import BackpropRegressor
from .fitting import OnDask
from .labels import label_weights

__all__ = ["DaskBackpropClassifier", "DaskBackpropRegressor"]

_WHERE = """

    {fit} takes Dask arrays (of dense chunks, or of chunks that are CSR matrices) and dataframes,
    or plain data, which are sent to the workers. The partitions stay where they are: with
    ``solver='lbfgs'``, each evaluation sends the parameters out and adds up losses and gradients;
    with 'sgd' and 'adam', each step takes rows from every partition in proportion to its length.
    The cluster is that of the current ``distributed.Client``.

    Parameters, fitted attributes and results are those of :class:`~skbackprop.{local}`. By L-BFGS
    the loss curve is the same as of a local fit on the same rows, up to rounding; the order of
    the rows in 'sgd' and 'adam' is another. Neither depends on the number of workers. Early
    stopping holds out whole partitions; ``scoring`` is None or 'loss'. There is no
    ``partial_fit``.
"""

_EXAMPLE = """
    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from skbackprop.dask import {name}
    >>> X = da.random.default_rng(0).normal(size=(4000, 3), chunks=(2000, 3))
    >>> y = X[:, 0] > X[:, 1]
    >>> with Client(processes=False, dashboard_address=":0"):
    ...     model = {name}((), solver="lbfgs", alpha=1).fit(X, {target})
    ...     model.predict(X[:2]).compute().shape
    (2,)
    >>> type(model.to_local()).__name__
    '{local}'
    """


def _documented(estimator_class):
    """Give a class the docstring of the local one, with what is different."""
    local = estimator_class._local_class
    kind = "classification" if local is BackpropClassifier else "regression"
    head = f"Multi-layer perceptron for {kind}, on the partitions of a Dask cluster."
    _, middle = local.__doc__.split("\n    Parameters\n", 1)
    middle = middle.split("\n    Examples\n")[0]
    middle = middle.replace("\n    Backprop", "\n    skbackprop.Backprop")  # as seen from here
    names = {"name": estimator_class.__name__, "local": local.__name__}
    target = "y" if local is BackpropClassifier else "1.0 * y"
    where = _WHERE.format(fit="``fit``", **names)
    example = _EXAMPLE.format(target=target, **names)
    estimator_class.__doc__ = f"{head}{where}\n    Parameters\n{middle}{example}"
    return estimator_class


@_documented
class DaskBackpropClassifier(OnDask, BackpropClassifier):
    _local_class = BackpropClassifier

    def _label_weights(self, y, sample_weight):
        check_labels(y)
        return label_weights(y, sample_weight)

    def predict(self, X):
        return self._lazily("predict", X)

    def predict_proba(self, X):
        return self._lazily("predict_proba", X)

    def predict_log_proba(self, X):
        return self._lazily("predict_log_proba", X)

    def decision_function(self, X):
        return self._lazily("decision_function", X)

    @of_one_fit
    def score(self, X, y, sample_weight=None):
        return self._accuracy(*dask.compute(y, self.predict(X), sample_weight))


@_documented
class DaskBackpropRegressor(OnDask, BackpropRegressor):
    _local_class = BackpropRegressor

    def _label_weights(self, y, sample_weight):
        return None

    def predict(self, X, return_std=False):
        return self._lazily("predict", X, return_std=return_std)

    @of_one_fit
    def score(self, X, y, sample_weight=None):
        return self._score(*dask.compute(y, self.predict(X), sample_weight))
