"""What is looked at after every epoch: curves, validation, best parameters, divergence."""

import math

import numpy as np

__all__ = ["Divergence", "Monitor", "Validation"]


class Divergence(Exception):
    """Loss or parameters are no longer finite."""


class Validation:
    """Loss and score on data that training does not see.

    Parameters
    ----------
    predict : callable
        ``predict(parameters)`` gives the raw predictions for the validation rows.

    loss : callable
        ``loss(raw_prediction)`` gives their mean loss.

    score : callable or None
        ``score(raw_prediction, parameters)``, larger is better; None for minus the loss.
    """

    def __init__(self, predict, loss, score):
        self.predict = predict
        self.loss = loss
        self._score = score

    def evaluate(self, parameters):
        """Loss and score of the parameters."""
        raw_prediction = self.predict(parameters)
        loss = self.loss(raw_prediction)
        if self._score is None:
            return loss, -loss
        if not np.isfinite(raw_prediction).all():
            return loss, np.nan
        return loss, float(self._score(raw_prediction, parameters))


class Monitor:
    """Watches a fit, epoch by epoch (or iteration by iteration).

    Parameters
    ----------
    patience : Patience
        Of the training loss, or of the validation score under early stopping.

    validation : Validation, default=None
        What to evaluate after each epoch.

    early_stopping : bool, default=False
        Whether the validation score decides when to stop and which parameters are the best.

    verbose : bool or int, default=False
        Whether to print a line for each epoch.

    one_pass : bool, default=False
        Whether this is a call of ``partial_fit``, which makes one epoch and never stops early.

    Attributes
    ----------
    loss_curve, validation_losses, validation_scores : list of float
        One entry an epoch.

    last_loss : float
        Training objective at the end.

    best_iter : int
        Epoch whose score was the best, from 1; 0 before there is one.

    n_iter : int
        Completed epochs.

    converged : bool
        Whether the solver has stopped because there was no more to gain.

    validation : Validation or None
        What is evaluated after each epoch.

    tasks : FitTasks or None
        What tells the callbacks of each epoch; None where there are none.

    stop_requested : bool
        Whether a callback has asked to stop.
    """

    def __init__(
        self, patience, validation=None, early_stopping=False, verbose=False, one_pass=False
    ):
        self.patience = patience
        self.early_stopping = early_stopping
        self.one_pass = one_pass
        self.loss_curve = []
        self.validation_losses = []
        self.validation_scores = []
        self.last_loss = np.inf
        self.n_iter = 0
        self.best_iter = 0
        self.converged = False
        self.tasks = None
        self.stop_requested = False
        self.validation = validation
        self._verbose = verbose
        self._best = None
        self._completed = None
        self._ending = None

    def epoch_begins(self):
        """Tell the callbacks, if any, once an epoch; L-BFGS calls at each evaluation."""
        if self.tasks is not None:
            self.tasks.begin()

    def epoch_ends(self, loss, parameters):
        """Take in an epoch.

        Parameters
        ----------
        loss : float
            Training objective.

        parameters : Parameters
            As they are at the end of the epoch.

        Raises
        ------
        Divergence
            Where the loss or a parameter is not finite.
        """
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
        if self.tasks is not None:
            self.stop_requested = self.tasks.end()

    def _complete(self):
        """Keep the parameters and count the epoch; where Ctrl-C comes in between, once more."""
        parameters, is_best = self._ending
        if is_best:
            self._best = parameters.flat.copy()
        self._keep(parameters)
        epoch = self.n_iter + 1
        best_iter = epoch if is_best else self.best_iter
        self.n_iter, self.best_iter, self._ending = epoch, best_iter, None  # no call in between

    def _keep(self, parameters):
        """Remember the parameters of the last completed epoch, in case the next is interrupted."""
        if self._completed is None:
            self._completed = parameters.flat.copy()
        else:
            np.copyto(self._completed, parameters.flat)

    def forget_incomplete(self):
        """Go back to the completed epochs, after an interruption."""
        if self._ending is not None:
            self._complete()
        for curve in (self.loss_curve, self.validation_losses, self.validation_scores):
            del curve[self.n_iter :]
        if self.loss_curve:
            self.last_loss = self.loss_curve[-1]
            self.patience.best = min(self.loss_curve)

    @property
    def stops_early(self):
        """Whether the validation score has stopped to become better."""
        return self.early_stopping and self.patience.exhausted

    def patience_message(self):
        """Why patience has run out, in words."""
        what = "Validation score" if self.early_stopping else "Training loss"
        return (
            f"{what} did not improve more than tol={self.patience.tol:f} for "
            f"{self.patience.n_iter_no_change} consecutive epochs."
        )

    def published(self):
        """Flat parameters to publish: the best under early stopping, else the last completed."""
        return self._completed if self._best is None else self._best

    @property
    def has_best(self):
        """Whether early stopping has found finite parameters to go back to."""
        return self._best is not None

    def print(self, template, *values):
        """Print a line, if the fit is verbose."""
        if self._verbose:
            print(template % values)
