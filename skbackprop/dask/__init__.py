"""Estimators for data on the workers of a Dask cluster.

The partitions of a collection stay on their workers. The client sends parameters and receives sums
of losses and gradients. Needs the packages of the extra: ``pip install "skbackprop[dask]"``.
"""

try:
    import dask.array
    import dask.dataframe  # noqa: F401
    import distributed  # noqa: F401
except ImportError as error:
    raise ImportError(
        "skbackprop.dask needs dask with arrays and dataframes, and distributed: "
        'pip install "skbackprop[dask]".'
    ) from error

from .estimators import DaskBackpropClassifier, DaskBackpropRegressor

__all__ = ["DaskBackpropClassifier", "DaskBackpropRegressor"]
