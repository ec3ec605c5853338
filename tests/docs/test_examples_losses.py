"""What the examples of losses and of dropout claim is true, and each draws its figure."""

import runpy

import numpy as np
import pytest
from gallery_files import PATHS


@pytest.fixture
def run():
    """Run an example by name; return its global variables."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    def run(name):
        variables = runpy.run_path(str(PATHS[f"plot_{name}"]), run_name="__main__")
        assert len(pyplot.get_fignums()) == 1
        return variables

    yield run
    pyplot.close("all")


def test_quantile_bands_cover_their_level(run):
    result = run("quantile_bands")
    assert result["shares"] == pytest.approx(result["LEVELS"], abs=0.06)
    assert result["coverage"] == pytest.approx(0.8, abs=0.06)
    width = np.ptp(result["quantiles"], axis=1)
    early = result["grid"] < 12
    assert width[early].mean() < 0.3 * width[~early].mean()


def test_gaussian_band_follows_the_noise(run):
    result = run("gaussian_band")
    one, predicted = result["scores"].values()
    assert predicted > one + 0.1
    assert result["coverage"] == pytest.approx(0.8, abs=0.08)
    std = result["std"]
    assert std[result["early"]].mean() < 0.3 * std[result["late"]].mean()


def test_huber_beats_squared_error_with_outliers(run):
    errors = run("huber_outliers")["means"]
    assert errors["Huber(0.27)", "5% outliers"] < 0.5 * errors["squared_error", "5% outliers"]
    assert errors["Huber(0.27)", "clean"] < 1.5 * errors["squared_error", "clean"]


def test_weights_and_focal_loss_find_more_of_the_rare_class(run):
    results = run("imbalance")["results"]
    plain = results["log loss"]
    for name in ("balanced", "balanced and focal"):
        assert results[name]["recall"] > plain["recall"] + 0.1
        assert results[name]["balanced accuracy"] > plain["balanced accuracy"] + 0.03
    assert results["focal"]["recall"] > plain["recall"]
    assert results["focal"]["average precision"] > plain["average precision"] - 0.03
    assert min(results, key=lambda name: results[name]["Brier score"]) == "log loss"


def test_dropout_helps_on_a_small_noisy_set(run):
    final = run("dropout")["final"]
    assert final[0.5] > final[0.0] + 0.03
    assert final[0.75] > final[0.0] + 0.05
