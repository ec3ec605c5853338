"""The steps of a fit with data on the workers of a cluster."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import dask
import distributed
from sklearn.utils.validation import check_is_fitted

from ..fitted_estimator import why_no_transform
from ..losses import SURVIVAL_LOSSES
from ..utils import available_unless, known_for_score
from .collections import is_collection
from .gate import DistributedGate
from .passes import ON_WORKERS
from .predictions import predict_lazily

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from ..utils.typing import ArrayLike, MatrixLike


def why_no_partial_fit_on_dask(estimator: Any) -> str:
    """Return why there is no ``partial_fit``."""
    return (
        f"{type(estimator).__name__} has no partial_fit. Call partial_fit of the estimator that "
        "to_local() returns, with one chunk of the data after another."
    )


class OnDask:
    """Mixin for fits and predictions on a Dask cluster."""

    _backend = ON_WORKERS
    _doc_page = "user_guide/beyond_one_machine.md"

    @property
    def client_(self) -> distributed.Client:
        """Return the current client of the cluster.

        Raises
        ------
        ValueError
            If there is no client. Create one with ``distributed.Client(...)``.
        """
        return distributed.get_client()

    def to_local(self) -> Any:
        """Return an estimator for data in memory, with the same parameters and fitted attributes.

        Returns
        -------
        estimator : BackpropClassifier or BackpropRegressor
            An estimator that needs no cluster. It can continue training with the same moments.
            With early stopping it makes a new split, because that of Dask is one of partitions.
        """
        check_is_fitted(self)
        parameters = self.get_params(deep=False)
        local = self._local_class(**parameters)
        fitted = vars(self).keys() - parameters.keys()
        vars(local).update({name: copy.copy(vars(self)[name]) for name in fitted})
        state = vars(local).get("_state")  # of ``FittedEstimator._keep_state``
        if state is not None:
            state.split = None  # it is a split of partitions, not of rows
        return local

    @available_unless(why_no_partial_fit_on_dask)
    def partial_fit(self, X: MatrixLike, y: MatrixLike) -> NoReturn:
        """Raise an error: there is no ``partial_fit`` on Dask."""

    def _gate(self):
        return DistributedGate(self, self.client_)

    def _learn(self, gate, *arguments):
        """Fit, and release the rows at once; otherwise the traceback of an error keeps them."""
        if self.validation is not None:
            raise ValueError(
                f"validation={self.validation!r} needs the rows in memory, but on Dask whole "
                "partitions are held out. Set validation=None, and pass validation data to fit as "
                "X_val and y_val."
            )
        self._refuse_coupled_rows()
        try:
            super()._learn(gate, *arguments)
        finally:
            gate.release()

    def _refuse_coupled_rows(self):
        if getattr(SURVIVAL_LOSSES.get(self.loss, self.loss), "couples_rows", False):
            raise ValueError(
                f"loss={self.loss!r} compares rows with each other, which is not possible across "
                f"partitions. Use {self._local_class.__name__}."
            )

    def _score_of(self, held_out, network, target):
        if self.scoring not in (None, "loss"):
            raise ValueError(
                f"scoring={self.scoring!r} needs the validation rows in the memory of the client. "
                "On Dask, scoring must be None or 'loss'."
            )
        return super()._score_of(held_out, network, target)

    # ---- predictions

    @available_unless(why_no_transform)
    def transform(self, X: MatrixLike) -> Any:
        if not is_collection(X):
            return super().transform(X)
        local = self.to_local().set_output(transform="default")
        return predict_lazily(local, "transform", X, self.get_feature_names_out())

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        y, prediction, weight = dask.compute(y, self.predict(X), sample_weight)
        y, weight = known_for_score(self, prediction, y, weight, self._target)
        return self._target.score(y, prediction, weight)

    def _lazily(self, method, X, **arguments):
        """Return the result of a method of the local estimator, lazily for a collection."""
        if is_collection(X):
            return predict_lazily(
                self.to_local(), method, X, getattr(self, "classes_", None), **arguments
            )
        return getattr(super(), method)(X, **arguments)
