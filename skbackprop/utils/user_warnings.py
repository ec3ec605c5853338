"""Warnings that show the line of the user's program which they are about."""

import contextlib
import os
import sys
import warnings

import joblib
import numpy as np
import sklearn

# Where frames lie between that line and a warning: ours, and of what calls us, or that we use.
_PACKAGES = sys.modules[__name__.partition(".")[0]], joblib, np, sklearn
_SKIPPED = (contextlib.__file__, *(os.path.dirname(each.__file__) + os.sep for each in _PACKAGES))


def warn(message, category=UserWarning):
    """Warn of what the user has called, say ``fit``, be it by way of scikit-learn.

    In a thread of ours, where no frame is the user's, the warning shows another line.
    """
    if sys.version_info >= (3, 12):
        warnings.warn(message, category, skip_file_prefixes=_SKIPPED)
        return
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_code.co_filename.startswith(_SKIPPED):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
