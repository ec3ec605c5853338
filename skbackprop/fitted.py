"""What a fitted estimator has, and the network that is made of it."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .batches import Rows
from .parameters import LayerArrays
from .passes import predict_raw
from .validation import check_features, check_finite_prediction

__all__ = ["Fitted"]


class Fitted:
    """Fitted attributes, set at the end of a fit, and raw predictions by them."""

    _predicts_in = None  # dtype of predictions; None for that of the parameters

    def _set_parameters(self, parameters):
        vars(self).update(self._of_parameters(parameters))

    def _of_parameters(self, parameters):
        loss = self._loss()
        coefs = parameters.coefs
        return {
            "coefs_": coefs,
            "intercepts_": parameters.intercepts,
            "n_layers_": len(coefs) + 1,
            "n_outputs_": coefs[-1].shape[1] // loss.raw_per_target,
            "out_activation_": loss.link.name,
        }

    def _publish(self, fit, stop_reason, **goes_on):
        """Set the fitted attributes, all at once: a copy made in another thread is no mixture."""
        monitor = fit.monitor
        published = monitor.published()
        flat = fit.parameters.flat if published is None else published
        vars(self).update(
            self._of_parameters(fit.network.parameters(flat.dtype, flat)),
            n_iter_=monitor.n_iter,
            t_=fit.state.progress.n_samples_seen,
            best_iter_=monitor.best_iter if monitor.has_best else monitor.n_iter,
            stop_reason_=stop_reason,
            **self._losses(fit),
            **self._validation_results(fit),
            **goes_on,
        )

    def _losses(self, fit):
        monitor = fit.monitor
        curve = self.loss_curve_ if fit.continuing else []
        if fit.one_pass:
            curve += monitor.loss_curve  # in place: a stream may have millions of calls
        else:
            curve = [*curve, *monitor.loss_curve]
        best = min(monitor.patience.best, monitor.last_loss)
        return {
            "loss_curve_": curve,
            "loss_": monitor.last_loss,
            "best_loss_": None if monitor.early_stopping else best,
        }

    def _validation_results(self, fit):
        """Curves of the validation data; None where there never were any."""
        results = {}
        for name, new in (
            ("validation_scores_", fit.monitor.validation_scores),
            ("validation_loss_curve_", fit.monitor.validation_losses),
        ):
            earlier = getattr(self, name) if fit.continuing else None
            results[name] = [*(earlier or []), *new] or None
        scores = fit.monitor.validation_scores
        defined = [score for score in scores if not np.isnan(score)]
        results["best_validation_score_"] = max(defined, default=np.nan) if scores else None
        return results

    def __getstate__(self):
        """A copy, also of the curve that ``partial_fit`` makes longer in place."""
        state = dict(super().__getstate__())
        if "loss_curve_" in state:
            state["loss_curve_"] = list(state["loss_curve_"])
        return state

    # ---- predictions

    def _fitted_network(self):
        """The network of a fitted estimator, and its parameters."""
        parameters = self._fitted_parameters()
        coefs = [coef for coef, _ in parameters.layers]
        units = [len(coefs[0]), *(coef.shape[1] for coef in coefs)]
        return self._network(units), parameters

    def _fitted_parameters(self):
        dtype = self._predicts_in or self.coefs_[0].dtype
        return LayerArrays(
            [
                (np.asarray(coef, dtype), np.asarray(intercept, dtype))
                for coef, intercept in zip(self.coefs_, self.intercepts_, strict=True)
            ]
        )

    def _raw_prediction(self, X):
        """Raw predictions of shape (n_samples, n_raw)."""
        if not hasattr(self, "coefs_"):
            check_is_fitted(self)
        X = check_features(self, X)
        network, parameters = self._fitted_network()
        rows = Rows.of_features(X, parameters.coefs[0].dtype)
        with np.errstate(all="ignore"):
            raw_prediction = predict_raw(network, parameters, rows)
        check_finite_prediction(raw_prediction)
        return raw_prediction
