"""What another category would change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import Bunch

from ..fitted_estimator import FittedEstimator
from .ensemble import ensemble_of, is_after_link

if TYPE_CHECKING:
    from typing import Any, Literal

    from ..tabular.base import BaseTabular
    from ..utils.typing import Array, FloatArray, MatrixLike

    class LevelContrasts(Bunch):
        """What ``level_contrasts`` returns."""

        levels: Array
        contrasts: FloatArray


def level_contrasts(
    estimator: BaseTabular,
    X: MatrixLike,
    feature: str | int,
    output: Any = None,
    of: Literal["raw", "probability", "prediction"] = "raw",
) -> LevelContrasts:
    """Change of an output if a categorical feature had another level, row by row.

    For each level, this is the output with the level in place of the row's own, minus the output
    as the row is; all other features are held. It is to categories what ``input_gradient`` is to
    numbers.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
        A fitted estimator.

    X : {data frame, array-like} of shape (n_samples, n_features)
        The table.

    feature : str or int
        Name or position of a categorical feature.

    output : label, int or tuple, default=None
        As in :func:`input_gradient`.

    of : {'raw', 'probability', 'prediction'}, default='raw'
        As in :func:`input_gradient`.

    Returns
    -------
    result : Bunch
        The levels, and what each would change.

        levels : ndarray of object of shape (n_levels,)
            The levels, as texts: None where to be missing is one, and ``'infrequent_sklearn'`` for
            what rare levels and those that ``fit`` has not seen share.

        contrasts : ndarray of shape (n_samples, n_levels) or (n_samples, n_outputs, n_levels)
            0 for the level of the row. Three-dimensional where ``output`` is None and there are
            several outputs.

    Raises
    ------
    ValueError
        Where there is no such output, or no such categorical feature.

    See Also
    --------
    input_gradient : For numbers.

    Notes
    -----
    Differences of columns compare any two levels: ``contrasts[:, a] - contrasts[:, b]`` is the
    contrast of level ``a`` to level ``b``.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop import TabularRegressor
    >>> from skbackprop.inspection import level_contrasts
    >>> X = pd.DataFrame({"soil": ["clay", "sand", "loam"] * 40, "depth": range(120)})
    >>> y = X["soil"].map({"clay": 1.0, "sand": 2.0, "loam": 4.0})
    >>> model = TabularRegressor(min_steps=200, random_state=0).fit(X, y)
    >>> found = level_contrasts(model, X[:2], "soil")
    >>> print(*found.levels)
    clay loam sand
    >>> found.contrasts.round().tolist()
    [[0.0, 3.0, 1.0], [-1.0, 2.0, 0.0]]
    """
    if isinstance(estimator, FittedEstimator):
        raise TypeError(
            f"{type(estimator).__name__} has no categorical features; level_contrasts is for "
            "TabularClassifier and TabularRegressor."
        )
    ensemble = ensemble_of(estimator)
    after_link = is_after_link(estimator, of)
    position = ensemble.position_of_category(feature)
    outputs = ensemble.target.default_outputs if output is None else [output]

    def values(Z):
        raws = [network.raw_prediction(Z) for network in ensemble.networks]
        return np.stack([ensemble.value(each, raws, after_link) for each in outputs], axis=1)

    own = values(ensemble.inputs(X).Z)
    by_level = [values(Z) - own for Z in ensemble.inputs_by_level(X, position)]
    contrasts = np.stack(by_level, axis=2)
    return Bunch(
        levels=np.array(ensemble.levels(position), dtype=object),
        contrasts=contrasts[:, 0] if len(outputs) == 1 else contrasts,
    )
