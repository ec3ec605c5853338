"""Ways out: a fitted estimator as something that other tools understand."""

from .to_sklearn import to_sklearn

__all__ = ["to_sklearn"]
