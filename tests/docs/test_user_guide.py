"""The code of the user guide runs, and shows what it says."""

import doctest
import re
from pathlib import Path

import pytest

PAGES = Path(__file__).resolve().parents[2] / "docs" / "user_guide"
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


def test_tables():
    pytest.importorskip("pandas")
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    pytest.importorskip("rich")
    variables = run("tables")
    assert len(variables["model"].members_) == 2


def test_beyond_one_machine():
    variables = run("beyond_one_machine")
    assert variables["accuracy"] > 0.95
    assert type(variables["local"]).__name__ == "BackpropClassifier"
    assert variables["search"].best_score_ > 0.9
    assert variables["at_random"].best_score_ > 0.9
    assert variables["net"].score(variables["mapped"], variables["y"]) > 0.9
    assert variables["steps"].n_iter_ == 1


def test_persistence():
    run("persistence")


def test_callbacks(capsys):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    pytest.importorskip("rich")
    variables = run("callbacks")
    assert variables["net"].n_iter_ == 1
    assert variables["slow"].n_iter_ == len(variables["trial"].values) == 3
    assert len(variables["curve"]) == 20
    printed = capsys.readouterr().out
    assert "A callback asked to stop after epoch 1." in printed
    assert "A callback asked to stop after epoch 3." in printed
    assert "GridSearchCV - fit" in printed


def test_callbacks_of_the_page_are_short():
    classes = [
        definition
        for _, code in blocks("callbacks")
        for definition in re.findall(r"^class .*?(?=^\S|\Z)", code, re.DOTALL | re.MULTILINE)
    ]
    lengths = [sum(bool(line.strip()) for line in code.splitlines()) for code in classes]
    assert len(lengths) == 3
    assert max(lengths) < 20
