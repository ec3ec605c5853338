"""The function that training minimises, and its gradient.

    F(theta) = [ sum_i s_i l_i(theta) + alpha/2 |W|^2 ] / sum_i s_i

over the rows ``i`` with weights ``s_i`` and losses ``l_i``; ``W`` are the penalised parameters. On
a minibatch ``B`` the sums run over its rows and the divisor is ``|B|`` times the mean weight of
the training rows, so that the expected step is that of the weighted objective. With unit weights
this is scikit-learn's objective. If single targets have weights, because some are missing,
``s_i l_i`` is the sum of the weighted losses of a row, and ``s_i`` is the mean of its weights.

Only this module defines the divisor and the penalty. ``passes`` defines which rows are processed
when, and by which thread.
"""

from ..kernels import NUMPY


class Objective:
    """Compute the training objective of a network on rows of data.

    Parameters
    ----------
    network : Network
        The network, which computes raw predictions.

    loss : Loss
        Loss of targets and raw predictions.

    rows : Rows
        The training rows.

    alpha : float
        Strength of the L2 penalty.

    total_weight : float, default=None
        Divisor of the objective; by default the sum of the weights of the rows. Pass it if the
        rows are only a part of the training rows.

    kernels : Kernels, default=NUMPY
        Functions for the element-wise computations.

    Attributes
    ----------
    total_weight : float
        Sum of the weights of all rows: the divisor of the objective.

    mean_weight : float
        Mean weight of a row: the divisor of a minibatch, per row.
    """

    def __init__(self, network, loss, rows, alpha, total_weight=None, kernels=NUMPY):
        self.network = network
        self.loss = loss
        self.rows = rows
        self.alpha = alpha
        self.total_weight = rows.total_weight if total_weight is None else total_weight
        self.mean_weight = self.total_weight / len(rows)
        self.kernels = kernels
        self._loss_kernel = kernels.loss(loss)

    def loss_gradient(self, parameters, batch, workspace, divisor, gradient):
        """Return the sum of the losses of some rows, and compute its gradient.

        The gradient, divided by ``divisor``, is written into ``gradient``. The returned sum is not
        divided.
        """
        raw = self.network.forward(parameters, batch.X, workspace)
        delta = workspace.layers(batch.X.shape[0])[-1].delta
        total = self._loss_kernel.loss_gradient(
            batch.y, raw, batch.sample_weight, 1.0 / divisor, delta
        )
        self.network.backward(parameters, batch.X, workspace, gradient)
        return total


class Penalty:
    """Compute the penalty ``alpha/2 |W|^2``, and add its gradient to another gradient."""

    def __init__(self, objective, parameters, gradient):
        self._alpha = objective.alpha
        self._kernel = objective.kernels.penalty(parameters.penalised, gradient.penalised)

    def add(self, divisor):
        """Add the gradient divided by ``divisor``; return the penalty, not divided."""
        if self._alpha == 0:
            return 0.0
        return 0.5 * self._alpha * self._kernel.add(self._alpha / divisor)
