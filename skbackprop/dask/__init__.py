"""Estimators for data that lie on the workers of a Dask cluster.

The partitions of a collection stay where they are: parameters travel out, sums of losses and
gradients travel back. Needs the packages of the extra ``skbackprop[dask]``.
"""

try:
    import dask.array
    import dask.dataframe  # noqa: F401
    import distributed  # noqa: F401
except ImportError as error:
    raise ImportError(
        "skbackprop.dask needs dask, with its arrays and dataframes, and distributed: "
        'pip install "skbackprop[dask]".'
    ) from error

from .estimators import DaskBackpropClassifier, DaskBackpropRegressor

__all__ = ["DaskBackpropClassifier", "DaskBackpropRegressor"]
