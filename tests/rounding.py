"""What the tests of compiled kernels share: how close they are to those of NumPy, and types."""

import numpy as np
import pytest

__all__ = ["TOLERANCE", "assert_close", "both_dtypes"]

TOLERANCE = {"float64": 1e-12, "float32": 2e-5}

both_dtypes = pytest.mark.parametrize("dtype", TOLERANCE)


def assert_close(actual, expected, dtype, scale=1.0):
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)
    assert np.asarray(actual).dtype == np.asarray(expected).dtype
