"""Where scikit-learn has no callbacks (before 1.9), all else works."""

import os
import subprocess
import sys
from pathlib import Path

import skbackprop

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
    script = "import sklearn.pipeline, sklearn.neural_network, sklearn.model_selection\n" + SCRIPT
    paths = [str(Path(skbackprop.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "set_callbacks needs sklearn.callback, which came with scikit-learn 1.9" in done.stdout
