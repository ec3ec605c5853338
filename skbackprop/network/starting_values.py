"""Initial parameters set by the user."""

import numpy as np


class StartingValues:
    """Hold ``coef_init`` and ``intercept_init`` of ``fit``: an array for each layer, or None.

    None, for all layers or for one, keeps the values drawn at random.
    """

    def __init__(self, coef_init=None, intercept_init=None):
        self._given = {"coef_init": coef_init, "intercept_init": intercept_init}

    @property
    def names(self):
        """Return the names of the arguments that are not None."""
        return [name for name, values in self._given.items() if values is not None]

    def refuse_warm_start(self):
        """Raise ValueError if values are set, because a warm start has its own."""
        if self.names:
            raise ValueError(
                f"{' and '.join(self.names)} and warm_start=True exclude each other once there "
                "is a fit to continue. Set warm_start=False, or change coefs_ and intercepts_."
            )

    def apply(self, parameters):
        """Overwrite the random values by those of the user.

        Parameters
        ----------
        parameters : Parameters
            Random initial values; changed in place.

        Raises
        ------
        ValueError
            If an array has a wrong shape or is not finite; the message names the layer.
        """
        for name, arrays in zip(
            self._given, (parameters.coefs, parameters.intercepts), strict=True
        ):
            if self._given[name] is not None:
                _overwrite(name, self._given[name], arrays)


def _overwrite(name, given, arrays):
    given = list(given) if np.iterable(given) else [given]
    if len(given) != len(arrays):
        raise ValueError(
            f"{name} has {len(given)} arrays, but the network has {len(arrays)} layers of weights "
            f"with shapes {[array.shape for array in arrays]}."
        )
    for layer, (values, array) in enumerate(zip(given, arrays, strict=True)):
        if values is not None:
            array[...] = _checked(f"{name}[{layer}]", values, array, layer)


def _checked(name, values, array, layer):
    """Return the values as an array with the right shape and type."""
    try:
        values = np.asarray(values)
        if values.dtype.kind not in "biufO":
            raise TypeError(f"its type is {values.dtype}")
        values = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is not an array of numbers: {error}") from error
    if values.shape != array.shape:
        raise ValueError(
            f"{name} has shape {values.shape}, but layer {layer + 1} needs {array.shape}."
        )
    with np.errstate(over="ignore"):
        values = values.astype(array.dtype)
    if not np.isfinite(values).all():
        raise ValueError(f"{name}, of layer {layer + 1}, has values that are not finite.")
    return values
