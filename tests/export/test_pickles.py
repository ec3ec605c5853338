"""Pickles of earlier versions load, predict what they predicted, and can be fitted further.

The files are written by ``tests/pickles/make.py``, which says how.
"""

import json
import pickle
import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import InconsistentVersionWarning

import skbackprop

FOLDER = Path(__file__).resolve().parents[1] / "pickles"
FILES = sorted(FOLDER.glob("Backprop*.pkl"))
TABLE_FILES = sorted(FOLDER.glob("Tabular*.pkl"))
MAKE = runpy.run_path(str(FOLDER / "make.py"))


def load(path):
    # A pickle notes the version of scikit-learn only for scikit-learn's own estimators. None is
    # inside: loading with another version must not warn.
    with warnings.catch_warnings():
        warnings.simplefilter("error", InconsistentVersionWarning)
        return pickle.loads(path.read_bytes())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pickle_predicts_and_goes_on(path):
    net = load(path)
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    np.testing.assert_allclose(MAKE["predictions"](net), expected["loaded"], rtol=1e-10)
    MAKE["fit_further"](net)
    # Versions of SciPy round the steps of L-BFGS in different ways.
    rtol = 1e-5 if net.solver == "lbfgs" else 1e-9
    further = MAKE["predictions"](net)
    np.testing.assert_allclose(further, expected["fitted further"], rtol=rtol)
    assert np.abs(further - expected["loaded"]).max() > 1e-4


@pytest.mark.parametrize("path", TABLE_FILES, ids=lambda path: path.stem)
def test_pickle_of_a_model_for_tables_predicts(path):
    net = load(path)
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    np.testing.assert_allclose(MAKE["predictions"](net), expected["loaded"], rtol=1e-10)


def test_this_version_has_its_pickles():
    expected = {
        f"{estimator_class.__name__}-{solver}-{skbackprop.__version__}"
        for estimator_class in MAKE["TARGETS"]
        for solver in MAKE["SOLVERS"]
    }
    expected |= {f"{cls.__name__}-{skbackprop.__version__}" for cls in MAKE["OF_TABLES"]}
    assert expected <= {path.stem for path in FILES + TABLE_FILES}
