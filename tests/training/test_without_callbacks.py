"""Where scikit-learn has no callbacks (before 1.9), all else works."""

from processes import run_script

SCRIPT = """
import sys
sys.modules["sklearn.callback"] = None  # an import of it fails, as in 1.8

from sklearn.base import BaseEstimator
from skbackprop import BackpropClassifier
from skbackprop.training.callbacks import with_callbacks

net = BackpropClassifier((3,), solver="lbfgs", alpha=1.0, random_state=0)
try:
    net.set_callbacks()
except ImportError as error:
    print(error)


def method(self):
    return self


assert with_callbacks(method) is method
"""


def test_set_callbacks_says_what_is_missing():
    # scikit-learn 1.9 itself needs the module: it must be loaded before ours looks for it.
    needed = ("pipeline", "neural_network", "model_selection", "tree")
    script = "".join(f"import sklearn.{name}\n" for name in needed) + SCRIPT
    assert any(
        "sklearn.callback, which is available in scikit-learn 1.9 and later" in line
        for line in run_script(script)
    )
