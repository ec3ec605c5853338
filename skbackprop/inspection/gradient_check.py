"""Comparison of a gradient with finite differences along random directions.

The derivative of ``F`` along a direction ``d`` is ``d . grad F``. A few directions, with a few
values of ``F`` on each, are enough to check a gradient for any number of parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..utils.typing import ArrayLike, FloatArray, RandomState

# With this step, truncation error (h^4) and rounding error (eps / h) are about equal.
_STEP = float(np.finfo(np.float64).eps ** 0.2)

# Two step sizes agree to this accuracy on a smooth function, but not across a kink.
_AGREEMENT = 1e-7
_ROUNDING = 100 * float(np.finfo(np.float64).eps)

_MAX_DRAWS = 20
_SHRINK = 0.5


@dataclass(frozen=True)
class GradientCheck:
    """Hold derivatives along random directions, from the gradient and from differences.

    Parameters
    ----------
    analytic : tuple of float
        ``d . gradient`` for each direction ``d``.

    numerical : tuple of float
        The same derivatives, computed from values of the function.

    relative_errors : tuple of float
        Absolute differences of the two, divided by the larger one, or by the root mean square of
        ``d . gradient`` over all directions, ``|gradient| / sqrt(n)``, if that is larger. So a
        direction that is almost orthogonal to the gradient does not magnify rounding errors.

    Examples
    --------
    >>> from skbackprop.inspection import GradientCheck
    >>> check = GradientCheck(analytic=(2.0,), numerical=(2.002,), relative_errors=(1e-3,))
    >>> check.max_relative_error, check.ok(rtol=1e-6)
    (0.001, False)
    """

    analytic: tuple[float, ...]
    numerical: tuple[float, ...]
    relative_errors: tuple[float, ...]

    @property
    def max_relative_error(self) -> float:
        """Return the largest relative error; NaN if one of them is NaN."""
        return float(np.max(self.relative_errors))

    def ok(self, rtol: float = 1e-6) -> bool:
        """Return whether all relative errors are at most ``rtol``, and none is NaN.

        Parameters
        ----------
        rtol : float, default=1e-6
            Largest accepted relative error.

        Returns
        -------
        ok : bool
            Whether the gradient agrees with the function.
        """
        return self.max_relative_error <= rtol


def check_directional_derivatives(
    value_and_gradient: Callable[[FloatArray], tuple[Any, ArrayLike]],
    theta: ArrayLike,
    *,
    n_directions: int = 5,
    step: float | None = None,
    random_state: RandomState = None,
) -> GradientCheck:
    """Compare a gradient with numerical derivatives along random directions.

    The derivative along a direction ``d`` of length 1 is computed by the five-point stencil

        [F(theta - 2h d) - 8 F(theta - h d) + 8 F(theta + h d) - F(theta + 2h d)] / (12 h),

    whose truncation error is ``h^4 / 30`` times the fifth derivative.

    Parameters
    ----------
    value_and_gradient : callable
        ``value_and_gradient(theta)`` returns the value of the function, a float, and its
        gradient, of shape (n_parameters,).

    theta : array-like of shape (n_parameters,)
        Point at which to check the gradient. The function gets it in float64. It is not changed.

    n_directions : int, default=5
        Number of directions, each uniform on the unit sphere.

    step : float, default=None
        First step ``h`` for each direction. The default is ``eps**0.2``, about 7e-4, which suits
        functions and parameters of the order of one.

    random_state : int, RandomState instance or None, default=None
        Random number generator for the directions.

    Returns
    -------
    check : GradientCheck
        Result; use ``check.ok(rtol)`` in assertions.

    Raises
    ------
    ValueError
        If no direction has a reliable numerical derivative: the function is not smooth near
        ``theta``, or not finite.

    Notes
    -----
    A function with kinks, such as that of a ReLU network, is smooth except on thin sets, and the
    stencil is accurate unless it crosses such a set. The test for this uses function values only,
    so it cannot hide a wrong gradient: the steps ``h`` and ``h / 2`` give the same slope and
    curvature where the function is smooth, and different ones across a kink. If they differ,
    another direction is drawn and ``h`` is halved, up to 20 times. If ``theta`` itself is on a
    kink, there is no gradient to check, and the function raises the ValueError.

    Errors are relative, so do not check at a minimum, where the gradient consists of rounding
    errors.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.inspection import check_directional_derivatives
    >>> theta = np.array([0.5, -1.0, 2.0])
    >>> right = check_directional_derivatives(
    ...     lambda t: (np.sum(np.exp(t)), np.exp(t)), theta, random_state=0
    ... )
    >>> right.ok(rtol=1e-8)
    True
    >>> wrong = check_directional_derivatives(
    ...     lambda t: (np.sum(np.exp(t)), 1.001 * np.exp(t)), theta, random_state=0
    ... )
    >>> wrong.ok(rtol=1e-6)
    False
    """
    theta = np.array(theta, dtype=np.float64)
    random_state = check_random_state(random_state)
    step = _STEP if step is None else step
    gradient = np.array(value_and_gradient(theta.copy())[1], dtype=np.float64)

    def value(point):
        return float(value_and_gradient(point)[0])

    analytic, numerical = [], []
    for _ in range(n_directions):
        direction, derivative = _smooth_direction(value, theta, step, random_state)
        analytic.append(float(np.dot(direction, gradient)))
        numerical.append(derivative)
    typical = float(np.linalg.norm(gradient) / np.sqrt(theta.size))
    errors = [_relative_error(a, b, typical) for a, b in zip(analytic, numerical, strict=True)]
    return GradientCheck(tuple(analytic), tuple(numerical), tuple(errors))


def _smooth_direction(value, theta, step, random_state):
    """Draw directions until one has a reliable numerical derivative; return both."""
    for _ in range(_MAX_DRAWS):
        direction = random_state.normal(size=theta.shape)
        direction /= np.linalg.norm(direction)
        derivative = _trusted_derivative(value, theta, direction, step)
        if derivative is not None:
            return direction, derivative
        step *= _SHRINK
    raise ValueError(
        f"No reliable numerical derivative: two step sizes disagree along each of {_MAX_DRAWS} "
        f"random directions, with steps down to {step / _SHRINK:.1e}. The function is not smooth "
        "near theta, or not finite, or step is much too large."
    )


def _trusted_derivative(value, theta, direction, step):
    """Return the five-point derivative, or None if half the step gives a different one."""
    values = {k: value(theta + 0.5 * k * step * direction) for k in (-4, -2, -1, 0, 1, 2, 4)}
    slopes = {k: (values[k] - values[-k]) / (k * step) for k in (1, 2, 4)}
    # The kinks of two terms can cancel in the slopes, but not in the curvatures. Multiplied by the
    # step, curvatures are differences of slopes.
    bends = {k: (values[k] - 2 * values[0] + values[-k]) / (k * k * step) for k in (1, 2, 4)}
    rounding = _ROUNDING * max(map(abs, values.values())) / step
    fine = (4 * slopes[1] - slopes[2]) / 3
    tolerance = _AGREEMENT * abs(fine) + rounding
    agree = all(_disagreement(estimates) <= tolerance for estimates in (slopes, bends))
    return fine if agree and np.isfinite(tolerance) else None


def _disagreement(estimates):
    """Return the difference of the extrapolations from the two step sizes."""
    fine = (4 * estimates[1] - estimates[2]) / 3
    coarse = (4 * estimates[2] - estimates[4]) / 3
    return abs(fine - coarse)


def _relative_error(analytic, numerical, typical):
    scale = max(abs(analytic), abs(numerical), typical)
    return abs(analytic - numerical) / scale if scale > 0 else abs(analytic - numerical)
