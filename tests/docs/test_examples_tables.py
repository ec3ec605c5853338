"""What the examples of the table estimators claim is true, and each draws its figure."""

import runpy

import numpy as np
import pytest
from gallery_files import PATHS


@pytest.fixture
def run(monkeypatch):
    """``run(name)`` runs an example; returns its global variables."""
    pytest.importorskip("pandas")
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    def run(name):
        variables = runpy.run_path(str(PATHS[f"plot_table_{name}"]), run_name="__main__")
        assert len(pyplot.get_fignums()) == 1
        return variables

    yield run
    pyplot.close("all")


def test_a_table_with_categories_and_missing_values(run):
    default, tuned, ours = map(np.array, run("with_categories")["losses"].values())
    assert (ours < default).all()
    assert ours.mean() < tuned.mean() + 0.005


def test_intervals_hold_their_level(run):
    result = run("intervals")
    assert result["inside"].mean() == pytest.approx(0.9, abs=0.04)
    width = result["upper"] - result["lower"]
    heavy = result["heavy"].to_numpy()
    assert width[heavy].mean() < 0.9 * width[~heavy].mean()


def test_effects_have_the_expected_signs(run):
    result = run("effects")
    assert result["r2"] > 0.8
    assert result["penguins"]["sex"].isna().sum() == 9
    assert (result["gradient"][result["numbers"]].median() > 0).all()
    medians = {name: np.median(values) for name, values in result["effects"].items()}
    assert medians["male, not female"] > 250
    assert medians["Gentoo, not Adelie"] > 150
    assert medians["Chinstrap, not Adelie"] < -100


def test_updates_halve_the_error(run):
    frozen, updated = map(np.mean, run("new_rows")["errors"].values())
    assert updated < 0.6 * frozen


def test_a_longer_fit_is_no_worse(run):
    """On a busy machine few networks are trained in ten seconds, which gain less."""
    result = run("time_budget")
    assert result["losses"]["ten seconds"] < 1.02 * result["losses"]["default"]
    assert len(result["grown"].members_) >= 4
