"""The table estimators as a model of AutoGluon and TabArena, where AutoGluon is installed."""

import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from skbackprop import TabularClassifier, TabularRegressor

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # AutoGluon's own
    pytest.importorskip("autogluon.tabular")
    from autogluon.core.searcher.local_random_searcher import LocalRandomSearcher
    from autogluon.tabular import TabularPredictor
    from autogluon.tabular.testing import FitHelper

pytestmark = pytest.mark.filterwarnings("ignore")

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "benchmarks" / "tabarena"
QUICK = {"n_members": 2, "hidden_layer_sizes": (16,), "min_steps": 60, "max_iter": 5}


@pytest.fixture(scope="module")
def model_module():
    sys.path.insert(0, str(FOLDER))  # a saved model is loaded by the name of its module
    import skbackprop_model

    yield skbackprop_model
    sys.path.remove(str(FOLDER))


@pytest.fixture
def table():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"width": rng.normal(size=240), "kind": rng.choice(["a", "b"], 240)})
    table["target"] = np.where(table["width"] + (table["kind"] == "a") > 0.5, "high", "low")
    return table


def fitted(table, model, path, **how):
    predictor = TabularPredictor("target", path=str(path), verbosity=0)
    return predictor.fit(table, fit_weighted_ensemble=False, hyperparameters=model, **how)


def test_it_passes_autogluons_own_checks(model_module, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FitHelper.verify_model(model_module.SkbackpropModel, QUICK, bag="first", refit_full="first")


def test_each_of_eight_folds_chooses_epochs_by_its_own_rows(model_module, table, tmp_path):
    predictor = fitted(table, {model_module.SkbackpropModel: QUICK}, tmp_path, num_bag_folds=8)
    bag = predictor._trainer.load_model(predictor.model_names()[0])
    models = [bag.load_child(child).model for child in bag.models]
    assert len(models) == 8
    for model in models:
        assert isinstance(model, TabularClassifier)
        assert model.validation_loss_curve_ is not None
    assert len({tuple(model.validation_loss_curve_) for model in models}) == 8
    assert predictor.evaluate(table)["accuracy"] > 0.9


def test_what_is_trained_ends_in_time(model_module, table, tmp_path):
    slow = {**QUICK, "n_members": 1, "max_iter": 10**6, "n_iter_no_change": np.inf}
    started = time.monotonic()
    predictor = fitted(
        table,
        {model_module.SkbackpropModel: slow},
        tmp_path,
        time_limit=8,
        raise_on_no_models_fitted=True,
    )
    assert time.monotonic() - started < 60
    model = predictor._trainer.load_model(predictor.model_names()[0]).model
    assert 1 <= model.n_iter_ < 10**6
    assert "callback" in model.members_[0].stop_reason


@pytest.mark.parametrize("estimator", [TabularClassifier, TabularRegressor])
def test_both_estimators_take_what_is_drawn_from_the_search_space(model_module, estimator, table):
    searcher = LocalRandomSearcher(search_space=model_module.SEARCH_SPACE)
    y = table["target"] if estimator is TabularClassifier else table["width"]
    for _ in range(8):
        quick = {**searcher.get_config(), "n_members": 1, "max_iter": 1, "min_steps": 1}
        assert estimator(**quick).fit(table[["width", "kind"]], y).n_iter_ == 1


def test_weights_reach_the_estimator(model_module, table, tmp_path):
    # Rows of weight 0 tell the opposite of the others.
    wrong = table.assign(target=table["target"].map({"high": "low", "low": "high"}))
    both = pd.concat([table.assign(weight=1.0), wrong.assign(weight=0.0)], ignore_index=True)
    predictor = TabularPredictor(
        "target", path=str(tmp_path), verbosity=0, sample_weight="weight", weight_evaluation=True
    )
    longer = {**QUICK, "min_steps": 400}
    predictor.fit(
        both, fit_weighted_ensemble=False, hyperparameters={model_module.SkbackpropModel: longer}
    )
    assert predictor.evaluate(table.assign(weight=1.0))["accuracy"] > 0.9
