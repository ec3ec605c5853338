"""Base class of activation functions, and activations made from two functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from ..utils.typing import FloatArray


class Activation:
    """Define an activation function ``H = f(Z)`` and its backward pass.

    To define your own activation, subclass it, write the two methods, and pass an instance to an
    estimator as ``activation``. Make the subclass a frozen dataclass: then instances can be
    compared, printed and copied, and used in a grid search.

    Attributes
    ----------
    needs_input : bool
        Whether ``backward`` needs the input ``Z``. Most derivatives are simple functions of the
        output ``H``. The network stores ``Z`` only for activations that need it.

    init_factor : float
        Factor ``f`` in the bound ``sqrt(f / (fan_in + fan_out))`` of the initial weights, which
        are drawn from a uniform distribution. Their variance is ``g / fan`` with ``f = 6 g``,
        where ``fan`` is the mean of ``fan_in`` and ``fan_out``. LeCun et al. (1998) [1]_ use
        ``f = 6``, He et al. (2015) [2]_ ``f = 12``.

    References
    ----------
    .. [1] LeCun, Bottou, Orr & Müller (1998), "Efficient BackProp", in Neural Networks: Tricks of
       the Trade, eq. 16.

    .. [2] He, Zhang, Ren & Sun (2015), "Delving deep into rectifiers", ICCV, eq. 10 and 15.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.activations import Activation
    >>> @dataclass(frozen=True)
    ... class Square(Activation):
    ...     needs_input = True
    ...
    ...     def forward(self, Z, out):
    ...         np.multiply(Z, Z, out=out)
    ...
    ...     def backward(self, delta, H, Z):
    ...         delta *= 2 * Z
    >>> X = np.linspace(-1, 1, 50)[:, np.newaxis]
    >>> model = BackpropRegressor((4,), Square(), solver="lbfgs", random_state=0)
    >>> model.fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.999
    True
    """

    needs_input: ClassVar[bool] = False
    init_factor: ClassVar[float] = 6.0

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        """Write ``f(Z)`` into ``out``.

        Parameters
        ----------
        Z : ndarray of shape (n_rows, n_units)
            Pre-activations.

        out : ndarray of shape (n_rows, n_units)
            Array for the result, the activations ``H``. It may be ``Z`` itself.
        """
        raise NotImplementedError

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        """Turn ``dLoss/dH`` into ``dLoss/dZ``, in place.

        Parameters
        ----------
        delta : ndarray of shape (n_rows, n_units)
            Gradient with respect to ``H``. It is multiplied in place by the derivative.

        H : ndarray of shape (n_rows, n_units)
            Activations that ``forward`` computed. The method may overwrite them.

        Z : ndarray of shape (n_rows, n_units) or None
            Pre-activations if ``needs_input``, otherwise None. The method may overwrite them.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class FromFunctions(Activation):
    """Activation that is computed by two functions, as made by :func:`from_functions`.

    Parameters
    ----------
    function : callable
        ``function(Z)`` returns ``H``, element by element, as a new array of the shape of ``Z``. It
        must not change ``Z``.

    derivative : callable
        ``derivative(Z)`` returns ``f'(Z)``. With ``needs_input=False`` it is called as
        ``derivative(H)`` instead, with the outputs of ``function``.

    needs_input : bool, default=True
        Whether ``derivative`` takes ``Z``. A derivative that takes ``H`` saves the network a copy.

    init_factor : float, default=6.0
        Factor in the bound of the initial weights, see :class:`Activation`.

    See Also
    --------
    from_functions : Create such an activation.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.activations import FromFunctions, from_functions
    >>> from_functions(np.sin, np.cos) == FromFunctions(np.sin, np.cos)
    True
    """

    function: Callable[[FloatArray], FloatArray]
    derivative: Callable[[FloatArray], FloatArray]
    needs_input: bool = field(default=True, kw_only=True)  # type: ignore[misc]
    init_factor: float = field(default=6.0, kw_only=True)  # type: ignore[misc]

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        out[...] = self.function(Z)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        np.multiply(delta, self.derivative(Z if self.needs_input else H), out=delta)


def from_functions(
    function: Callable[[FloatArray], FloatArray],
    derivative: Callable[[FloatArray], FloatArray],
    *,
    needs_input: bool = True,
    init_factor: float = 6.0,
) -> FromFunctions:
    """Create an activation from a function and its derivative.

    Parameters
    ----------
    function : callable
        ``function(Z)`` returns ``H``, element by element, as a new array of the shape of ``Z``. It
        must not change ``Z``.

    derivative : callable
        ``derivative(Z)`` returns ``f'(Z)``. With ``needs_input=False`` it is called as
        ``derivative(H)`` instead, with the outputs of ``function``.

    needs_input : bool, default=True
        Whether ``derivative`` takes ``Z``. A derivative that takes ``H`` saves the network a copy.

    init_factor : float, default=6.0
        Factor in the bound of the initial weights, see :class:`Activation`.

    Returns
    -------
    activation : FromFunctions
        The activation. Two of them are equal if their functions are. It can be pickled if the
        functions can: functions defined in a module can, lambdas cannot.

    See Also
    --------
    skbackprop.inspection.check_directional_derivatives : Check the derivative.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.activations import from_functions
    >>> sine = from_functions(np.sin, np.cos)
    >>> X = np.linspace(-3, 3, 100)[:, np.newaxis]
    >>> model = BackpropRegressor((5,), sine, solver="lbfgs", random_state=0)
    >>> model.fit(X, np.sin(2 * X[:, 0])).score(X, np.sin(2 * X[:, 0])) > 0.99
    True
    """
    return FromFunctions(function, derivative, needs_input=needs_input, init_factor=init_factor)
