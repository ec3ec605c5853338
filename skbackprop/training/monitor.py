"""Records and checks after every epoch: curves, validation, best parameters, divergence."""

import math

import numpy as np


class Divergence(Exception):
    """Signal that the loss or the parameters are not finite."""


class NothingLearned(ValueError):
    """Signal that training diverged before there were parameters to keep."""


class ValidationLoss:
    """Compute the mean loss of raw predictions for the validation rows.

    Parameters
    ----------
    loss : Loss
        The loss to average.

    sample : Sample
        The validation rows.

    Attributes
    ----------
    known : ndarray of shape (n_samples, n_outputs) or None
        1 for each known target, 0 for missing ones; None if no target is missing.
    """

    def __init__(self, loss, sample):
        _, of_targets, self._encoded, self._weight = sample.targets()
        self._loss = loss
        self._total_weight = sample.rows.total_weight
        self.known = None
        if of_targets is not None and of_targets.ndim == 2:
            self.known = (of_targets > 0).astype(sample.rows.dtype)

    def __call__(self, raw):
        return self._loss.loss(self._encoded, raw, self._weight) / self._total_weight


class Validation:
    """Compute loss and score on the validation data.

    ``predict(parameters)`` returns raw predictions, ``loss(raw_prediction)`` their mean loss, and
    ``score(raw_prediction, parameters)`` a score, where larger is better. Without a ``score`` it
    is the negative loss.
    """

    def __init__(self, predict, loss, score):
        self.predict = predict
        self.loss = loss
        self._score = score

    @property
    def judges_by_loss(self):
        """Return whether the score is the negative loss."""
        return self._score is None

    def evaluate(self, parameters):
        """Return loss and score of the parameters."""
        raw_prediction = self.predict(parameters)
        loss = self.loss(raw_prediction)
        if self._score is None:
            return loss, -loss
        if not np.isfinite(raw_prediction).all():
            return loss, np.nan
        return loss, float(self._score(raw_prediction, parameters))


class Monitor:
    """Record a fit, epoch by epoch (or iteration by iteration).

    ``patience`` applies to the training loss, or with early stopping to the validation score. The
    score then decides when to stop and which parameters are the best.

    Attributes
    ----------
    loss_curve, validation_losses, validation_scores : list of float
        One entry per epoch.

    last_loss : float
        Training objective at the end.

    n_iter, best_iter : int
        Number of completed epochs, and the epoch with the best score, counted from 1 (0 if there
        is none yet).

    stop_requested : bool
        Whether a callback has stopped the fit.
    """

    def __init__(self, patience, validation, early_stopping, verbose):
        self.patience = patience
        self.early_stopping = early_stopping
        self.loss_curve = []
        self.validation_losses = []
        self.validation_scores = []
        self.last_loss = np.inf
        self.n_iter = 0
        self.best_iter = 0
        self.stop_requested = False
        self.validation = validation
        self._tasks = None
        self._verbose = verbose
        self._best = None
        self._completed = None
        self._ending = None

    def tell(self, tasks):
        """Call ``tasks.begin()`` and ``tasks.end()`` in each epoch, for callbacks.

        ``tasks.end()`` returns whether to stop. ``tasks`` may be None.
        """
        self._tasks = tasks

    def epoch_begins(self):
        """Call the callbacks, if any, once per epoch; L-BFGS calls this at each evaluation."""
        if self._tasks is not None:
            self._tasks.begin()

    def epoch_ends(self, loss, parameters):
        """Record an epoch; raise Divergence if its loss or a parameter is not finite."""
        if not (math.isfinite(loss) and math.isfinite(np.add.reduce(parameters.flat))):
            raise Divergence
        self.print("Iteration %d, loss = %.8f", self.n_iter + 1, loss)
        monitored = loss
        if self.validation is not None:
            validation_loss, score = self.validation.evaluate(parameters)
            self.validation_losses.append(validation_loss)
            self.validation_scores.append(score)
            self.print("Validation score: %f", score)
            if self.early_stopping:
                monitored = -score
        self.loss_curve.append(loss)
        self.last_loss = loss
        improved = self.patience.update(monitored)
        self._ending = parameters, improved and self.early_stopping
        self._complete()
        if self._tasks is not None:
            self.stop_requested = self._tasks.end()

    def _complete(self):
        """Keep the parameters and count the epoch; it is safe to repeat this after Ctrl-C."""
        parameters, is_best = self._ending
        if is_best:
            self._best = parameters.flat.copy()
        self._keep(parameters)
        epoch = self.n_iter + 1
        best_iter = epoch if is_best else self.best_iter
        # Ctrl-C cannot separate these assignments, because no function is called in between.
        self.n_iter, self.best_iter, self._ending = epoch, best_iter, None

    def _keep(self, parameters):
        """Store the parameters of the last completed epoch in case the next is interrupted."""
        if self._completed is None:
            self._completed = parameters.flat.copy()
        else:
            np.copyto(self._completed, parameters.flat)

    def forget_incomplete(self):
        """Restore the state after the last completed epoch, after an interruption."""
        if self._ending is not None:
            self._complete()
        for curve in (self.loss_curve, self.validation_losses, self.validation_scores):
            del curve[self.n_iter :]
        if self.loss_curve:
            self.last_loss = self.loss_curve[-1]
            self.patience.forget_all_but(self.loss_curve)

    def ends_at(self, loss):
        """Record the final objective of the solver, which may differ from that of an epoch."""
        self.last_loss = loss

    @property
    def best_loss(self):
        """Return the smallest objective of an epoch; None with early stopping."""
        return None if self.early_stopping else min(self.patience.best, self.last_loss)

    @property
    def kept_iter(self):
        """Return the epoch of the kept parameters: with early stopping the best, or the last."""
        return self.best_iter if self.has_best else self.n_iter

    @property
    def stops_early(self):
        """Return whether the validation score has stopped improving."""
        return self.early_stopping and self.patience.exhausted

    def patience_message(self):
        """Return a sentence that says why patience is exhausted."""
        what = "Validation score" if self.early_stopping else "Training loss"
        return (
            f"{what} did not improve more than tol={self.patience.tol:f} for "
            f"{self.patience.n_iter_no_change} consecutive epochs."
        )

    def kept(self):
        """Return the flat parameters to keep: with early stopping the best, or the last."""
        return self._completed if self._best is None else self._best

    @property
    def has_best(self):
        """Return whether early stopping has stored finite parameters."""
        return self._best is not None

    def print(self, template, *values):
        """Print a line, if the fit is verbose."""
        if self._verbose:
            print(template % values)
