"""A pytest plugin that takes away what other systems lack, to see what the tests make of it.

    PYTHONPATH=tests SKBACKPROP_SYSTEM=windows python -m pytest -p other_systems tests/training

``windows`` has no fork, no timers, no SIGKILL, no limits of resources, and a long double that is a
double. ``macos`` has a BLAS that threadpoolctl does not know, Accelerate. Processes that tests
begin have everything.
"""

import os
import signal
import sys

import numpy as np
import threadpoolctl


def _as_windows():
    # These look for what there is when they are imported.
    import dask.dataframe  # noqa: F401
    import distributed  # noqa: F401
    import hypothesis  # noqa: F401
    import joblib  # noqa: F401
    import sklearn.neural_network  # noqa: F401

    lacking = {
        os: ("fork", "register_at_fork"),
        signal: ("setitimer", "getitimer", "alarm", "SIGALRM", "SIGKILL", "SIGPROF"),
    }
    for module, names in lacking.items():
        for name in names:
            delattr(module, name)
    sys.modules["resource"] = sys.modules["fcntl"] = None
    np.longdouble = np.float64


def _as_macos():
    known = threadpoolctl._ALL_CONTROLLERS
    known[:] = [controller for controller in known if controller.user_api != "blas"]
    prefixes = {prefix for controller in known for prefix in controller.filename_prefixes}
    threadpoolctl._ALL_PREFIXES[:] = prefixes


def pytest_configure():
    """Begin, where this is a plugin."""
    {"windows": _as_windows, "macos": _as_macos}[os.environ["SKBACKPROP_SYSTEM"]]()
