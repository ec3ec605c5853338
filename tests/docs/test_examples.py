"""The examples run, with and without matplotlib, and what they claim is true."""

import runpy
import sys

import numpy as np
import pytest
from gallery_files import PATHS

COMPARE = PATHS["plot_compare_with_mlpclassifier"]
FIGURE = "compare_with_mlpclassifier.png"


def run(path, folder, monkeypatch):
    """Run an example in ``folder``; return its global variables."""
    monkeypatch.chdir(folder)
    return runpy.run_path(str(path), run_name="__main__")


def assert_claims(variables):
    assert set(variables["results"]) == {"digits", "breast cancer"}
    for result in variables["results"].values():
        theirs, ours = result["accuracies"].values()
        assert ours == theirs > 0.9
        assert result["difference"] < 1e-9
    assert variables["search"].best_score_ > 0.9


def test_comparison_with_figure(tmp_path, monkeypatch, capsys):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib.pyplot import close, imread

    variables = run(COMPARE, tmp_path, monkeypatch)
    close("all")

    assert_claims(variables)
    image = imread(tmp_path / FIGURE)
    assert min(image.shape[:2]) > 400
    assert np.ptp(image) > 0.5
    printed = capsys.readouterr().out
    for words in (
        "MLPClassifier",
        "BackpropClassifier",
        "accuracy",
        "relative difference",
        "best",
    ):
        assert words in printed


def test_comparison_without_matplotlib(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)

    variables = run(COMPARE, tmp_path, monkeypatch)

    assert_claims(variables)
    assert not (tmp_path / FIGURE).exists()
    assert "no figure" in capsys.readouterr().out


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_every_example_is_a_gallery_page(path):
    source = path.read_text(encoding="utf-8")
    assert source.startswith('"""\n==='), "a gallery page starts with a title"
    assert "\n# %%\n" in source, "a gallery page has cells"
