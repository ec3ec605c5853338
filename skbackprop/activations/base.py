"""What an activation function is, and one that is the user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from ..utils.typing import FloatArray


class Activation:
    """An activation function ``H = f(Z)`` and the rule that takes a delta back through it.

    Subclass it, write the two methods, and give an instance to an estimator as ``activation``. A
    frozen dataclass serves best: it can be compared, printed, copied and searched over.

    Attributes
    ----------
    needs_input : bool
        Whether ``backward`` needs the input ``Z``. Most derivatives are simple functions of the
        output ``H``; the network keeps ``Z`` only for those that are not.

    init_factor : float
        ``f`` in the bound ``sqrt(f / (fan_in + fan_out))`` of the layer's starting weights.
        Weights of variance ``g / fan``, with ``fan`` the mean of the two, have ``f = 6 g``: 6 is
        that of LeCun et al. (1998) [1]_ and 12 that of He et al. (2015) [2]_.

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
            Receives the activations ``H``. It may be ``Z`` itself.
        """
        raise NotImplementedError

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        """Turn ``dLoss/dH`` into ``dLoss/dZ``, in place.

        Parameters
        ----------
        delta : ndarray of shape (n_rows, n_units)
            The gradient with respect to ``H``; multiplied by the derivative.

        H : ndarray of shape (n_rows, n_units)
            Activations, as ``forward`` wrote them. The network does not need them any more: they
            may be overwritten.

        Z : ndarray of shape (n_rows, n_units) or None
            Pre-activations, given where ``needs_input``; may be overwritten as well.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class FromFunctions(Activation):
    """What :func:`from_functions` makes: the parameters are described there.

    Parameters
    ----------
    function, derivative : callable
        ``function(Z)`` gives ``H``; ``derivative(Z)``, or ``derivative(H)`` with
        ``needs_input=False``, gives ``f'(Z)``.

    needs_input : bool, default=True
        Whether the derivative is a function of ``Z``.

    init_factor : float, default=6.0
        Size of the starting weights, see :class:`Activation`.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop.activations import FromFunctions
    >>> sine = FromFunctions(np.sin, np.cos)
    """

    function: Callable[[FloatArray], FloatArray]
    derivative: Callable[[FloatArray], FloatArray]
    needs_input: bool = True  # type: ignore[misc]
    init_factor: float = 6.0  # type: ignore[misc]

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        out[...] = self.function(Z)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        np.multiply(delta, self.derivative(Z if self.needs_input else H), out=delta)


def from_functions(
    forward: Callable[[FloatArray], FloatArray],
    derivative: Callable[[FloatArray], FloatArray],
    *,
    needs_input: bool = True,
    init_factor: float = 6.0,
) -> FromFunctions:
    """Make an activation of a function and its derivative.

    Parameters
    ----------
    forward : callable
        ``forward(Z)`` gives ``H``, element by element, as a new array of the shape of ``Z``. It
        must not change ``Z``.

    derivative : callable
        ``derivative(Z)`` gives ``f'(Z)``; with ``needs_input=False`` it is called as
        ``derivative(H)`` instead, with the outputs of ``forward``.

    needs_input : bool, default=True
        Whether the derivative is a function of ``Z``. One of ``H`` saves the network a copy.

    init_factor : float, default=6.0
        Size of the starting weights, see :class:`Activation`.

    Returns
    -------
    activation : Activation
        Equal to another one of the same functions. It can be pickled if the functions can:
        functions of a module can, lambdas cannot.

    See Also
    --------
    skbackprop.inspection.check_directional_derivatives : Tells whether the derivative is
        right.

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
    return FromFunctions(forward, derivative, needs_input, init_factor)
