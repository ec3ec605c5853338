"""What all tests share: a seed that can be rotated, and the profiles of hypothesis.

Three environment variables steer the suite:

* ``SKBACKPROP_TEST_SEED`` (an integer, default 0) is the seed of the data and of the estimators
  in every test that asks for the fixture ``seed``.
* ``SKBACKPROP_PROFILE`` is ``ci`` (default; few examples, the same ones each time) or ``long``
  (many examples, new ones each time).
* ``SKBACKPROP_KERNELS`` is ``numpy`` here by default, and ``numba`` for a second run.
"""

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# Comparisons that are no test modules themselves show what differs, too.
pytest.register_assert_rewrite("trajectories")

# Before the package is imported: the tests are of one set of kernels, also where fits are long.
os.environ.setdefault("SKBACKPROP_KERNELS", "numpy")

QUIET = (HealthCheck.too_slow, HealthCheck.function_scoped_fixture)

settings.register_profile(
    "ci",
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=QUIET,
)
settings.register_profile(
    "long", max_examples=2000, deadline=None, database=None, suppress_health_check=QUIET
)
settings.load_profile(os.environ.get("SKBACKPROP_PROFILE", "ci"))


@pytest.fixture(scope="session", autouse=True)
def interruptible():
    """Ctrl-C is a KeyboardInterrupt, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def client():
    """A cluster of two threads, where it does not matter that they are no processes."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(
        processes=False, n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as client:
        yield client


@pytest.fixture(scope="session")
def seed():
    """Seed of data and estimators, rotated by the environment variable SKBACKPROP_TEST_SEED."""
    return int(os.environ.get("SKBACKPROP_TEST_SEED", "0"))
