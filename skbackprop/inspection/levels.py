"""Effects of the levels of a categorical feature."""

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
        """The result of ``level_contrasts``."""

        levels: Array
        contrasts: FloatArray


def level_contrasts(
    estimator: BaseTabular,
    X: MatrixLike,
    feature: str | int,
    output: Any = None,
    of: Literal["raw", "probability", "prediction"] = "raw",
) -> LevelContrasts:
    """Compute how an output changes if a categorical feature has another level, for each row.

    For each level, the contrast is the output with this level minus the output of the row, with
    all other features unchanged. It is the counterpart of ``input_gradient`` for categories.

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
        The levels and their contrasts.

        levels : ndarray of object of shape (n_levels,)
            The levels as strings. None stands for missing values if these are a level, and
            ``'infrequent_sklearn'`` for rare levels and levels that ``fit`` has not seen.

        contrasts : ndarray of shape (n_samples, n_levels) or (n_samples, n_outputs, n_levels)
            Changes of the output, 0 for the level of the row. Three-dimensional if ``output`` is
            None and there are several outputs.

    Raises
    ------
    ValueError
        If the output or the categorical feature does not exist.

    See Also
    --------
    input_gradient : Compute gradients with respect to numbers.

    Notes
    -----
    To compare two levels, subtract their columns: ``contrasts[:, a] - contrasts[:, b]`` is the
    contrast of level ``a`` with level ``b``.

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
            f"level_contrasts needs a TabularClassifier or TabularRegressor, got "
            f"{type(estimator).__name__}, which has no categorical features."
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
