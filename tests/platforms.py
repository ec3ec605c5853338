"""What not every system has, for the tests that need it."""

import pytest
import sklearn.neural_network  # noqa: F401 (loads the BLAS of NumPy and of SciPy)
from threadpoolctl import threadpool_info

needs_known_blas = pytest.mark.skipif(
    all(library["user_api"] != "blas" for library in threadpool_info()),
    reason="threadpoolctl does not know the BLAS, such as Accelerate on macOS: one thread is used",
)
