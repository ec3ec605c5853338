"""Callbacks for ``set_callbacks``, in addition to those of scikit-learn 1.9."""

from .loss_progress_bar import LossProgressBar

__all__ = ["LossProgressBar"]
