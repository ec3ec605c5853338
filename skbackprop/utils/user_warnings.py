"""Warnings that point to the line of the user's program."""

import contextlib
import os
import sys
import warnings

import joblib
import numpy as np
import sklearn

# Frames of these packages may lie between that line and the warning.
_PACKAGES = sys.modules[__name__.partition(".")[0]], joblib, np, sklearn
_SKIPPED = (contextlib.__file__, *(os.path.dirname(each.__file__) + os.sep for each in _PACKAGES))


def warn(message, category=UserWarning):
    """Emit a warning that points to the user's call, even if it goes through scikit-learn.

    In a worker thread there is no frame of the user, and the warning points to another line.
    """
    if sys.version_info >= (3, 12):
        warnings.warn(message, category, skip_file_prefixes=_SKIPPED)
        return
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_code.co_filename.startswith(_SKIPPED):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)
