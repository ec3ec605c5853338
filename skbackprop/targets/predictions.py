"""Predictions of classes, for every estimator that has raw predictions of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..utils import known_for_score, labels_as_array

if TYPE_CHECKING:
    from typing import Any

    from ..utils.typing import Array, ArrayLike, FloatArray, MatrixLike


class PredictsClasses:
    """The predict family of a classifier.

    ``_raw_prediction(X)`` of the estimator gives raw predictions and the target that reads them.
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
            The most probable classes; for several labels, ones where the probability is above
            one half.
        """
        raw, target = self._raw_prediction(X)
        return target.predict(raw)

    def predict_proba(self, X: MatrixLike) -> FloatArray | Any:
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such
            One column for each of ``classes_``. With one class in the training data, a column of
            ones (scikit-learn gives two columns); with several labels, the probability of each;
            with label columns, a list with the probabilities of each. None is below the smallest
            normal number, so that all have logarithms.
        """
        raw, target = self._raw_prediction(X)
        return target.probabilities(raw)

    def predict_log_proba(self, X: MatrixLike) -> FloatArray | Any:
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes), or list of such
            Those of small probabilities are computed from the raw predictions, and are right also
            below the floor of ``predict_proba``; that of a probability that rounds to 1 is 0.
        """
        raw, target = self._raw_prediction(X)
        return target.log_probabilities(raw)

    def decision_function(self, X: MatrixLike) -> FloatArray | Any:
        """Raw predictions: logits, before the logistic function or softmax.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        raw_prediction : ndarray of shape (n_samples,) or (n_samples, n_classes), or list of such
            One-dimensional for two classes, where positive means the second one. (Of
            ``loss=Multinomial()`` it is the difference of the two raw predictions.) For label
            columns, a list with the raw predictions of each.
        """
        raw, target = self._raw_prediction(X)
        return target.decision(raw)

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            Share of the rows that are predicted right; of several labels or label columns, all
            must be right, except for missing ones with ``missing_targets='ignore'``.
        """
        raw, target = self._raw_prediction(X)
        y, sample_weight = known_for_score(self, X, y, sample_weight, target)
        return target.score_raw(labels_as_array(y), raw, sample_weight)
