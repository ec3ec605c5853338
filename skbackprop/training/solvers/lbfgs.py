"""Training by SciPy's L-BFGS over all rows."""

import numpy as np
from scipy.optimize import minimize

from ..monitor import Divergence


def minimize_lbfgs(new_pass, parameters, options, monitor):
    """Minimise an objective by ``scipy.optimize.minimize(method="L-BFGS-B")``.

    ``new_pass(parameters, gradient)`` returns an object that evaluates the objective over all
    rows, such as an ``ExactPass``. ``parameters`` hold the initial values and, at the end, the
    last iterate. The result is SciPy's without ``x``. SciPy uses float64; the network computes in
    the type of the parameters.
    """
    failures = []
    gradient = parameters.empty_like()
    exact_pass = new_pass(parameters, gradient)

    def value(theta):
        monitor.epoch_begins()
        parameters.flat[...] = theta
        return exact_pass.evaluate()

    def gradient_there(theta):
        """The gradient where SciPy has just asked for the value."""
        return gradient.flat.astype(np.float64)

    def after_iteration(intermediate_result):
        parameters.flat[...] = intermediate_result.x
        try:
            monitor.epoch_ends(float(intermediate_result.fun), parameters)
        except StopIteration as error:  # SciPy would take one from a scorer as a request to stop
            failures.append(error)
            raise
        if monitor.stop_requested:
            raise StopIteration
        if monitor.stops_early:
            monitor.print("%s Stopping.", monitor.patience_message())
            raise StopIteration

    held = [value, gradient_there]  # cleared below: SciPy 1.13 keeps its functions in a cycle
    try:
        result = minimize(
            lambda theta: held[0](theta),
            parameters.flat.astype(np.float64),
            method="L-BFGS-B",
            jac=lambda theta: held[1](theta),
            options=options,
            callback=after_iteration,
        )
    finally:
        held.clear()
    if failures:
        raise failures[0]
    if not np.isfinite(result.fun):
        raise Divergence
    monitor.ends_at(float(result.fun))
    parameters.flat[...] = result.pop("x")
    return result
