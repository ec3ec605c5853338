"""The code of the user guide runs, and shows what it says."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import skbackprop
from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor

PAGES = Path(__file__).resolve().parents[2] / "docs" / "user_guide"
X = np.random.default_rng(0).normal(size=(60, 3))
LABELS = (X[:, 0] > 0) * 1
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def blocks(page):
    """Kind and code of each block of a page."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    found = re.findall(r"^```(\{doctest\}|python)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found
    return found


def run(page):
    """Run a page from top to bottom; return its variables."""
    variables = {"__name__": page}
    parser, runner = doctest.DocTestParser(), doctest.DebugRunner(optionflags=FLAGS)
    for kind, code in blocks(page):
        if kind == "python":
            exec(compile(code, f"{page}.md", "exec"), variables)
        else:
            test = parser.get_doctest(code, variables, page, f"{page}.md", 0)
            runner.run(test, clear_globs=False)
            variables = test.globs
    return variables


def test_inspection():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    run("inspection")
    matplotlib.pyplot.close("all")


@pytest.mark.parametrize("page", ["tables", "tables_columns"])
def test_tables(page):
    pytest.importorskip("pandas")
    run(page)


def test_tables_training():
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    pytest.importorskip("rich")
    variables = run("tables_training")
    assert len(variables["model"].members_) == 2


@pytest.mark.parametrize("page", ["faq", "tuning", "label_columns"])
def test_page(page):
    run(page)


def test_help(capsys):
    run("help")
    assert f"skbackprop {skbackprop.__version__}\n" in capsys.readouterr().out


def test_ordered_classes():
    variables = run("ordered_classes")
    X, model = variables["X"], variables["model"]
    cuts = variables["thresholds"][None] - variables["score"]
    order = [model.classes_.tolist().index(label) for label in model.loss.order]
    below = model.predict_proba(X)[:, order].cumsum(axis=1)[:, :-1]
    np.testing.assert_allclose(1 / (1 + np.exp(-cuts)), below, rtol=1e-6)
    most_frequent = np.unique(variables["words"], return_counts=True)[1].max() / len(X)
    assert np.mean(variables["median"] == variables["words"]) > most_frequent + 0.1


def test_survival():
    variables = run("survival")
    assert variables["model"].score(variables["X"], variables["y"]) > 0.6


def test_inspection_of_tables():
    pytest.importorskip("pandas")
    run("inspection_of_tables")


def test_threads():
    assert run("threads")["answers"].shape == (300, 2)


@pytest.mark.filterwarnings("ignore")  # those of the other packages
def test_other_packages(capsys):
    for package in ("skrub", "shap", "mapie"):
        pytest.importorskip(package)
    variables = run("other_packages")
    assert float(capsys.readouterr().out.split()[0]) > 0.9  # the score with encoded texts
    explanation, codes = variables["explanation"], variables["codes"]
    total = explanation.values.sum(axis=1) + explanation.base_values
    np.testing.assert_allclose(total, variables["predict"](codes[300:303]))
    bounds, height = variables["bounds"][:, :, 0], variables["height"][300:]
    assert np.mean((bounds[:, 0] <= height) & (height <= bounds[:, 1])) > 0.8
    assert variables["members"].shape == (100, 2, 1)


def test_groups_and_time():
    run("groups_and_time")


def test_going_on():
    run("going_on")


# Of Dask's own writing of Parquet, with pandas 3.1 and newer.
@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame")
def test_dask():
    variables = run("dask")
    assert variables["accuracy"] > 0.95
    assert type(variables["local"]).__name__ == "BackpropClassifier"


def test_beyond_one_machine():
    variables = run("beyond_one_machine")
    assert variables["search"].best_score_ > 0.9
    assert variables["at_random"].best_score_ > 0.9


def test_more_rows_than_memory():
    variables = run("more_rows_than_memory")
    assert variables["net"].score(variables["mapped"], variables["y"]) > 0.9
    assert variables["steps"].n_iter_ == 1


def test_missing_targets():
    variables = run("missing_targets")
    assert variables["model"].missing_targets == "ignore"


def test_persistence():
    run("persistence")


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_production(tmp_path, monkeypatch):
    for package in ("pandas", "onnxruntime", "skl2onnx", "skops"):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    run("production")


def test_callbacks(capsys):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    pytest.importorskip("rich")
    page = (PAGES / "callbacks.md").read_text(encoding="utf-8")
    bars = re.search(r"```text\n(.*?)```", page, re.DOTALL)[1]
    shown = {" ".join(line.replace("━", " ").split()[:-1]) for line in bars.splitlines() if line}
    variables = run("callbacks")
    assert variables["net"].n_iter_ == 1
    assert variables["slow"].n_iter_ == len(variables["trial"].values) == 3
    assert len(variables["curve"]) == 20
    # Networks that run side by side may each have begun an epoch more.
    assert 3 <= len(variables["table_trial"].values) <= 7
    assert sum(m.n_iter for m in variables["table"].members_) == len(
        variables["table_trial"].values
    )
    printed = capsys.readouterr().out
    assert "A callback asked to stop after epoch 1." in printed
    assert "A callback asked to stop after epoch 3." in printed
    assert "BackpropClassifier - fit" in printed
    drawn = {" ".join(line.replace("━", " ").split()[:-1]) for line in printed.splitlines()}
    assert shown <= drawn


class PatientTrial:
    """Keeps what is reported, as Optuna's do: a step that was seen before is ignored."""

    def __init__(self):
        self.values = {}

    def report(self, value, step):
        self.values.setdefault(step, value)

    def should_prune(self):
        return False


@pytest.fixture
def pruner():
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    code = next(code for _, code in blocks("callbacks") if "class Pruner" in code)
    variables = {}
    exec(compile(code, "callbacks.md", "exec"), variables)
    return variables["Pruner"]


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_the_pruner_reports_each_epoch(pruner, solver):
    trial = PatientTrial()
    net = BackpropClassifier((3,), solver=solver, max_iter=9, random_state=0)
    net.set_callbacks(pruner(trial)).fit(X, LABELS, X_val=X, y_val=LABELS)
    assert list(trial.values.items()) == list(enumerate(net.validation_loss_curve_))


def test_the_pruner_passes_an_iteration_that_was_not_completed(pruner):
    trial = PatientTrial()
    net = BackpropRegressor((3,), solver="lbfgs", solver_options={"maxls": 1}, random_state=0)
    net.set_callbacks(pruner(trial)).fit(X, X[:, 0], X_val=X, y_val=X[:, 0])
    assert len(trial.values) == net.n_iter_ < net.max_iter


@pytest.mark.parametrize("model", [TabularClassifier, TabularRegressor])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_the_pruner_counts_over_the_networks_of_a_table(pruner, model, n_threads):
    trial = PatientTrial()
    table = model(n_members=3, hidden_layer_sizes=(4,), max_iter=5, min_steps=1, random_state=0)
    with threadpool_limits(n_threads):
        table.set_callbacks(pruner(trial)).fit(X, LABELS)
    assert list(trial.values) == list(range(15))
    if n_threads == 1:
        assert [trial.values[i] for i in range(5)] == table.members_[0].validation_losses
        assert [trial.values[i] for i in range(10, 15)] == table.validation_loss_curve_


def test_callbacks_of_the_page_are_short():
    classes = [
        definition
        for _, code in blocks("callbacks")
        for definition in re.findall(r"^class .*?(?=^\S|\Z)", code, re.DOTALL | re.MULTILINE)
    ]
    lengths = [sum(bool(line.strip()) for line in code.splitlines()) for code in classes]
    assert len(lengths) == 3
    assert max(lengths) < 20
