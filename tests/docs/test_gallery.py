"""Each example of the gallery runs, and what it claims is true."""

import runpy
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from gallery_files import PATHS


@pytest.fixture
def run(tmp_path, monkeypatch):
    """``run(name, *arguments)`` runs an example; returns its global variables."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        path = str(PATHS[name])
        monkeypatch.setattr(sys, "argv", [path, *arguments])
        return runpy.run_path(path, run_name="__main__")

    yield run
    pyplot.close("all")


def n_figures():
    from matplotlib.pyplot import get_fignums

    return len(get_fignums())


def test_softmax_network_reads_a_csv(run, capsys):
    variables = run("plot_softmax_csv")

    model, X, y = variables["model"], variables["X"], variables["y"]
    assert (model.predict(X) == y).all()
    right = model.predict_proba(X)[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    assert right.min() > 0.8
    printed = capsys.readouterr().out
    assert "weights (2, 5)" in printed
    assert "weights (5, 2)" in printed
    assert "P(no)  P(ya)" in printed


def test_softmax_network_takes_the_path_of_a_csv(run, tmp_path, capsys):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(12, 3))
    y = np.where(X[:, 0] > 0, "up", "down")
    lines = ["y,a,b,c", *(f"{label},{a},{b},{c}" for label, (a, b, c) in zip(y, X, strict=True))]
    (tmp_path / "mine.csv").write_text("\n".join(lines))

    variables = run("plot_softmax_csv", str(tmp_path / "mine.csv"))

    assert list(variables["model"].classes_) == ["down", "up"]
    assert "mine.csv: 12 rows, 3 features, labels down, up" in capsys.readouterr().out


def test_mcycle_curve(run):
    variables = run("plot_mcycle")

    # A good smoother leaves 22 to 24 g, the noise of the measurements.
    assert variables["errors"].min() < 25
    assert variables["errors"].max() > 40
    assert variables["network"].coefs_[0].shape == (1, 10)
    fitted = variables["best"].predict(variables["grid"])
    assert fitted.min() < -90
    drawn = variables["parts"].sum(axis=1) + variables["network"].intercepts_[1]
    scaled = variables["network"].predict(variables["scaler"].transform(variables["grid"]))
    np.testing.assert_allclose(drawn, scaled, rtol=1e-10)


def test_iris_regions(run):
    variables = run("plot_iris_regions")

    assert variables["softmax_accuracy"] > 0.94
    assert variables["yes_no_accuracy"] > 0.94
    assert [W.shape for W in variables["model"][-1].coefs_] == [(2, 10), (10, 3)]


def test_relu_network_beside_its_loops(run, capsys):
    variables = run("plot_relu_100_50_10")

    assert [W.shape for W in variables["model"].coefs_] == [(100, 50), (50, 10)]
    assert variables["accuracy"] > 0.9
    np.testing.assert_allclose(variables["model"].loss_curve_, variables["numpy_curve"], rtol=1e-9)
    assert variables["numpy_difference"] < 1e-9
    if find_spec("torch") is None:
        assert "PyTorch is not installed" in capsys.readouterr().out
    else:
        np.testing.assert_allclose(
            variables["model"].loss_curve_, variables["torch_curve"], rtol=1e-9
        )
        assert variables["difference"] < 1e-9


def test_hand_computation_is_equal(run):
    variables = run("plot_by_hand")

    assert len(variables["differences"]) == 10
    assert max(variables["differences"].values()) < 1e-12
    assert variables["difference_of_products"] < 1e-12
    assert abs(variables["delta2"]) > 1e-6
    assert n_figures() == 1


def test_gradient_check_finds_the_mistake(run):
    variables = run("plot_gradient_checking")

    checks = variables["checks"]
    assert checks["derivative"].ok()
    assert not checks["wrong derivative"].ok()
    assert checks["wrong derivative"].max_relative_error > 1e-3
    assert min(variables["accuracies"].values()) > 0.9


def test_more_hinges_fit_better(run):
    variables = run("plot_piecewise_regression")

    errors = [variables["errors"][n] for n in variables["WIDTHS"]]
    pieces = [variables["pieces"][n] for n in variables["WIDTHS"]]
    assert pieces == sorted(pieces)
    assert all(1 < k <= n + 1 for n, k in zip(variables["WIDTHS"], pieces, strict=True))
    assert errors[0] > 0.3
    assert errors[-1] < 0.05
    for model in variables["models"].values():
        assert_straight_between(variables["hinges"](model), model, variables["X"])


def assert_straight_between(hinges, model, X):
    """Second differences of the curve vanish where no hinge is near."""
    x = X[:, 0]
    curve = model.predict(X)
    bends = np.abs(np.diff(curve, 2))
    nearest = np.abs(x[1:-1, np.newaxis] - hinges).min(axis=1)
    assert bends[nearest > 2 * (x[1] - x[0])].max() < 1e-10


def test_more_folds_make_a_rounder_boundary(run):
    variables = run("plot_piecewise_classification")

    accuracies = [variables["accuracies"][n] for n in variables["WIDTHS"]]
    pieces = [variables["pieces"][n] for n in variables["WIDTHS"]]
    assert accuracies[0] < 0.9
    assert accuracies[-1] > 0.98
    assert pieces == sorted(pieces)
    # n lines cut the plane into at most 1 + n + n (n - 1) / 2 pieces.
    for n, k in zip(variables["WIDTHS"], pieces, strict=True):
        assert 1 < k <= 1 + n + n * (n - 1) // 2
    assert n_figures() == 2


def test_moved_inputs_get_the_wanted_output(run):
    variables = run("plot_move_the_input")

    assert variables["model"].predict(variables["four"])[0] == 4
    assert variables["model"].predict(variables["moved"])[0] == 9
    assert variables["moved"].min() >= 0
    assert variables["moved"].max() <= 1
    changes = [np.abs(image - variables["four"]).sum() for image in variables["steps"].values()]
    assert changes == sorted(changes)
    assert variables["found"].X[0, 0] == variables["now"][0, 0]
    assert abs(variables["achieved"] - variables["wanted_yield"]) < 0.05


def test_penalty_shrinks_first_layer_weights(run):
    variables = run("plot_digits_weights")

    weak, strong = variables["largest"].values()
    assert strong < 0.5 * weak
    weak, strong = variables["accuracies"].values()
    assert strong > weak > 0.93
    weak, strong = variables["blank"].values()
    assert strong < 0.01 < 0.1 < weak
    assert n_figures() == 2


def test_hidden_features_need_fewer_labels(run):
    variables = run("plot_hidden_features")

    assert variables["features"].shape[1] == 32
    assert (variables["results"]["hidden features"] > variables["results"]["pixels"]).all()
    assert variables["pipeline_accuracy"] > 0.9


def test_texts_are_told_apart(run):
    variables = run("plot_text_sparse")

    assert variables["X_train"].format == "csr"
    assert variables["share"] < 0.02
    assert variables["network"].coefs_[0].dtype == np.float32
    assert min(variables["accuracies"].values()) > variables["majority"] + 0.15


def test_grid_search_finds_a_good_network(run):
    variables = run("plot_grid_search")

    assert np.isfinite(variables["scores"]).all()
    assert variables["scores"].max() == variables["search"].best_score_
    assert variables["test_accuracy"] > 0.95


def test_partitions_do_not_change_the_fit(run):
    pytest.importorskip("distributed")
    variables = run("plot_dask")

    assert variables["accuracy"] > 0.98
    assert len(variables["differences"]) == 2
    assert max(variables["differences"].values()) < 1e-9
    assert variables["client"].status == "closed"
    assert type(variables["plain"]).__name__ == "BackpropClassifier"
    assert n_figures() == 1


def test_random_validation_rows_promise_too_much(run):
    losses = run("plot_validation_by_group")["losses"]
    (random, of_new_writers, _), (by_form, of_others, _) = (
        np.mean(losses[name], axis=0) for name in ("random rows", "whole forms")
    )
    assert random < 0.65 * of_new_writers
    assert 0.7 < by_form / of_others < 1.3
    assert 0.8 < of_new_writers / of_others < 1.2
    assert n_figures() == 1


def test_an_onnx_model_predicts_the_same(run, capsys):
    for package in ("pandas", "onnx", "onnxruntime"):
        pytest.importorskip(package)
    variables = run("plot_onnx")

    assert variables["difference"] < 1e-3
    np.testing.assert_allclose(variables["std"][:, 0], variables["expected_std"], rtol=1e-3)
    *_, missing, new, _ = capsys.readouterr().out.split("\n")
    for line in (missing, new):
        ours, theirs = map(float, line.split())
        assert abs(ours - theirs) < 1e-3
    assert n_figures() == 1
