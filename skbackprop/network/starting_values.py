"""Starting values that the user gives, in place of drawn ones."""

import numpy as np


class StartingValues:
    """``coef_init`` and ``intercept_init`` of ``fit``: an array for each layer, or None.

    None, for all layers or for one, leaves what has been drawn.
    """

    def __init__(self, coef_init=None, intercept_init=None):
        self._given = {"coef_init": coef_init, "intercept_init": intercept_init}

    @property
    def names(self):
        """Names of what is given."""
        return [name for name, values in self._given.items() if values is not None]

    def refuse_warm_start(self):
        """Raise ValueError: a warm start has starting values of its own."""
        if self.names:
            raise ValueError(
                f"{' and '.join(self.names)} and warm_start=True exclude each other once there "
                "is a fit to go on from. Set warm_start=False, or change coefs_ and intercepts_."
            )

    def apply(self, parameters):
        """Overwrite the drawn values by the given ones.

        Parameters
        ----------
        parameters : Parameters
            Drawn starting values; changed in place.

        Raises
        ------
        ValueError
            With layer and shape, where an array does not fit or is not finite.
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
    """Values as an array of the right shape."""
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
