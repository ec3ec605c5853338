"""Mixin with the prediction methods of classifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..utils import known_for_score, labels_as_array

if TYPE_CHECKING:
    from typing import Any

    from ..utils.typing import Array, ArrayLike, FloatArray, MatrixLike


class PredictsClasses:
    """Mixin with ``predict``, ``predict_proba`` and related methods.

    The estimator provides ``_raw_prediction(X)``, which returns raw predictions and their target.
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def predict(self, X: MatrixLike) -> Array:
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            The most probable class of each row. For multilabel targets, an indicator matrix with
            ones where the probability is above one half.
        """
        raw, target = self._raw_prediction(X)
        return target.predict(raw)

    def predict_proba(self, X: MatrixLike) -> FloatArray | Any:
        """Predict class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such
            One column for each class in ``classes_``. With a single class in the training data,
            one column of ones (scikit-learn returns two columns). For multilabel targets, the
            probability of each label. For several label columns, a list with the probabilities of
            each column. All probabilities are at least the smallest normal number, so their
            logarithms are finite.
        """
        raw, target = self._raw_prediction(X)
        return target.probabilities(raw)

    def predict_log_proba(self, X: MatrixLike) -> FloatArray | Any:
        """Predict logarithms of class probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes), or list of such
            Logarithms in the form of ``predict_proba``. For small probabilities they are computed
            from the raw predictions, so they are accurate even where ``predict_proba`` returns the
            smallest normal number. A probability that rounds to 1 has the logarithm 0.
        """
        raw, target = self._raw_prediction(X)
        return target.log_probabilities(raw)

    def decision_function(self, X: MatrixLike) -> FloatArray | Any:
        """Compute raw predictions (logits), before the logistic function or softmax.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        raw_prediction : ndarray of shape (n_samples,) or (n_samples, n_classes), or list of such
            Raw predictions. One-dimensional for two classes, where positive values favour the
            second class; with ``loss=Multinomial()`` it is the difference of the two raw
            predictions. For several label columns, a list with the raw predictions of each column.
        """
        raw, target = self._raw_prediction(X)
        return target.decision(raw)

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            Weighted fraction of the rows that are predicted correctly. With several labels or
            label columns, all of them must be correct; with ``missing_targets='ignore'``, missing
            ones are left out.
        """
        raw, target = self._raw_prediction(X)
        y, sample_weight = known_for_score(self, X, y, sample_weight, target)
        return target.score_raw(labels_as_array(y), raw, sample_weight)
