"""The two estimators for data on a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..classifier import BackpropClassifier
from ..regressor import BackpropRegressor
from ..utils import with_shared_parameters
from .fitting import OnDask

if TYPE_CHECKING:
    from typing import Any

    from ..utils.typing import MatrixLike


@with_shared_parameters
class DaskBackpropClassifier(OnDask, BackpropClassifier):
    """Multi-layer perceptron for classification, trained on a Dask cluster.

    ``fit`` takes Dask arrays (with chunks that are dense or CSR matrices), Dask dataframes, or
    data in memory, which it sends to the workers. It uses the cluster of the current
    ``distributed.Client``. The partitions stay on their workers: with ``solver='lbfgs'``, each
    evaluation sends the parameters and adds up losses and gradients; with 'sgd' and 'adam', each
    step takes rows from every partition in proportion to its length.

    Parameters, fitted attributes and results are those of
    :class:`~skbackprop.BackpropClassifier`. With 'lbfgs', the loss curve equals that of a local
    fit on the same rows up to rounding; 'sgd' and 'adam' use the rows in another order. Results do
    not depend on the number of workers. The differences are:

    - early stopping holds out whole partitions; ``validation`` must be None, but you can pass
      ``X_val`` and ``y_val`` to ``fit``;
    - ``scoring`` must be None or 'loss';
    - with ``missing_targets='ignore'``, each partition needs a known target in every column;
    - there is no ``partial_fit``.

    See Also
    --------
    skbackprop.BackpropClassifier : The same network for data in memory.
    DaskBackpropRegressor : The same network for regression.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from skbackprop.dask import DaskBackpropClassifier
    >>> X = da.random.default_rng(0).normal(size=(4000, 3), chunks=(2000, 3))
    >>> y = X[:, 0] > X[:, 1]
    >>> with Client(processes=False, dashboard_address=":0"):
    ...     model = DaskBackpropClassifier((), solver="lbfgs", alpha=1).fit(X, y)
    ...     model.predict(X[:2]).compute().shape
    (2,)
    >>> type(model.to_local()).__name__
    'BackpropClassifier'
    """

    _local_class = BackpropClassifier

    if TYPE_CHECKING:

        def to_local(self) -> BackpropClassifier: ...

    def predict(self, X: MatrixLike) -> Any:
        return self._lazily("predict", X)

    def predict_proba(self, X: MatrixLike) -> Any:
        return self._lazily("predict_proba", X)

    def predict_log_proba(self, X: MatrixLike) -> Any:
        return self._lazily("predict_log_proba", X)

    def decision_function(self, X: MatrixLike) -> Any:
        return self._lazily("decision_function", X)


@with_shared_parameters
class DaskBackpropRegressor(OnDask, BackpropRegressor):
    """Multi-layer perceptron for regression, trained on a Dask cluster.

    ``fit`` takes Dask arrays (with chunks that are dense or CSR matrices), Dask dataframes, or
    data in memory, which it sends to the workers. It uses the cluster of the current
    ``distributed.Client``. The partitions stay on their workers: with ``solver='lbfgs'``, each
    evaluation sends the parameters and adds up losses and gradients; with 'sgd' and 'adam', each
    step takes rows from every partition in proportion to its length.

    Parameters, fitted attributes and results are those of
    :class:`~skbackprop.BackpropRegressor`. With 'lbfgs', the loss curve equals that of a local
    fit on the same rows up to rounding; 'sgd' and 'adam' use the rows in another order. Results do
    not depend on the number of workers. The differences are:

    - early stopping holds out whole partitions; ``validation`` must be None, but you can pass
      ``X_val`` and ``y_val`` to ``fit``;
    - ``scoring`` must be None or 'loss';
    - with ``missing_targets='ignore'``, each partition needs a known target in every column;
    - there is no ``partial_fit``.

    See Also
    --------
    skbackprop.BackpropRegressor : The same network for data in memory.
    DaskBackpropClassifier : The same network for classification.

    Examples
    --------
    >>> import dask.array as da
    >>> from distributed import Client
    >>> from skbackprop.dask import DaskBackpropRegressor
    >>> X = da.random.default_rng(0).normal(size=(4000, 3), chunks=(2000, 3))
    >>> y = X[:, 0] - X[:, 1]
    >>> with Client(processes=False, dashboard_address=":0"):
    ...     model = DaskBackpropRegressor((), solver="lbfgs", alpha=1).fit(X, y)
    ...     model.predict(X[:2]).compute().shape
    (2,)
    >>> type(model.to_local()).__name__
    'BackpropRegressor'
    """

    _local_class = BackpropRegressor

    if TYPE_CHECKING:

        def to_local(self) -> BackpropRegressor: ...

    def predict(self, X: MatrixLike, return_std: bool = False) -> Any:
        return self._lazily("predict", X, return_std=return_std)
