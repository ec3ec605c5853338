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
    """Multi-layer perceptron for classification, on the partitions of a Dask cluster.

    ``fit`` takes Dask arrays (of dense chunks, or of chunks that are CSR matrices) and dataframes,
    or plain data, which are sent to the workers. The partitions stay where they are: with
    ``solver='lbfgs'``, each evaluation sends the parameters out and adds up losses and gradients;
    with 'sgd' and 'adam', each step takes rows from every partition in proportion to its length.
    The cluster is that of the current ``distributed.Client``.

    Parameters, fitted attributes and results are those of
    :class:`~skbackprop.BackpropClassifier`. With 'lbfgs', the loss curve is that of a local fit on
    the same rows, up to rounding; 'sgd' and 'adam' take the rows in another order. Neither depends
    on the number of workers. Early stopping holds out whole partitions, and ``validation`` is
    None: rows of your choice are ``X_val``. ``scoring`` is None or 'loss'. With
    ``missing_targets='ignore'``, each partition must have a known target in every column. There
    is no ``partial_fit``.

    See Also
    --------
    skbackprop.BackpropClassifier : The same network for data in memory.
    DaskBackpropRegressor : The same for numbers.

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
    """Multi-layer perceptron for regression, on the partitions of a Dask cluster.

    ``fit`` takes Dask arrays (of dense chunks, or of chunks that are CSR matrices) and dataframes,
    or plain data, which are sent to the workers. The partitions stay where they are: with
    ``solver='lbfgs'``, each evaluation sends the parameters out and adds up losses and gradients;
    with 'sgd' and 'adam', each step takes rows from every partition in proportion to its length.
    The cluster is that of the current ``distributed.Client``.

    Parameters, fitted attributes and results are those of
    :class:`~skbackprop.BackpropRegressor`. With 'lbfgs', the loss curve is that of a local fit on
    the same rows, up to rounding; 'sgd' and 'adam' take the rows in another order. Neither depends
    on the number of workers. Early stopping holds out whole partitions, and ``validation`` is
    None: rows of your choice are ``X_val``. ``scoring`` is None or 'loss'. With
    ``missing_targets='ignore'``, each partition must have a known target in every column. There
    is no ``partial_fit``.

    See Also
    --------
    skbackprop.BackpropRegressor : The same network for data in memory.
    DaskBackpropClassifier : The same for classes.

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
