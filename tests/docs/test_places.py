"""The diffs of docs/developer/places.md do what the page says: new components that work.

Each diff is applied to a copy of the package, and the tests of its family run there in a process
of their own, on the new component.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import skbackprop

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "developer" / "places.md"
PACKAGE = Path(skbackprop.__file__).parent


class Place(NamedTuple):
    """A place for a change: how many files change, and what tests it."""

    n_files: int
    selected: str  # expression of ``pytest -k``
    tests: tuple
    at_least: int = 20  # tests that are run


WALK = "docs/test_registries.py"

# By the heading of the section on the page.
PLACES = {
    "An activation": Place(
        2,
        "softsign",
        ("activations/test_activations.py", "network/test_network.py", WALK)
        + ("estimators/test_components.py",),
    ),
    "A loss": Place(
        2,
        "cauchy",
        ("losses/test_losses.py", "network/test_network.py", "estimators/test_components.py")
        + ("training/test_objective.py", WALK),
    ),
    "A layer": Place(2, "scale", ("network/test_layers.py", WALK), at_least=15),
    "A schedule": Place(1, "linear", ("training/test_schedules.py", WALK)),
    "An update rule": Place(1, "rmsprop", ("training/test_update_rules.py", WALK)),
    "A kind of target": Place(
        1, "one_versus_rest or every_kind_has", ("targets/test_kinds_of_targets.py",), at_least=15
    ),
    "An encoding of numbers": Place(3, "hinges", ("network/test_layers.py", WALK), at_least=15),
    "A hyper-parameter": Place(
        4,
        "gradient_clipping or ((documented or defaults) and Backprop)",
        ("estimators/test_parameter_checks.py", "docs/test_shared_docstrings.py")
        + ("docs/place_of_a_parameter.py",),
    ),
}


def diffs_of(page):
    """The diff of each section."""
    sections = re.split(r"^## (.*)\n", page, flags=re.MULTILINE)[1:]
    found = {
        heading: re.findall(r"^```diff\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        for heading, text in zip(sections[::2], sections[1::2], strict=True)
    }
    assert all(len(blocks) <= 1 for blocks in found.values())
    return {heading: blocks[0] for heading, blocks in found.items() if blocks}


DIFFS = diffs_of(PAGE.read_text(encoding="utf-8"))


def apply_diff(diff, root):
    """Apply a unified diff to the files below a folder; return the files that have changed.

    Where a hunk belongs is found by its lines, which must be in the file once.
    """
    changed = []
    for part in re.split(r"^--- ", diff, flags=re.MULTILINE)[1:]:
        head, *hunks = re.split(r"^@@.*\n", part, flags=re.MULTILINE)
        path = root / re.search(r"^\+\+\+ b/(\S+)$", head, re.MULTILINE)[1]
        is_new = head.startswith("/dev/null\n")
        assert is_new != path.exists(), path
        text = "\n" if is_new else "\n" + path.read_text(encoding="utf-8")
        for hunk in hunks:
            old, new = (_lines(hunk, without) for without in "+-")
            found = len(re.findall(f"(?=\n{re.escape(old)})", text))
            assert found == 1, f"{path.name} has {found} times:\n{old}"
            text = text.replace(f"\n{old}", f"\n{new}")
        path.write_text(text[1:], encoding="utf-8")
        changed.append(path)
    return changed


def _lines(hunk, without):
    """What a hunk says of the file before or after it: all lines but those with a sign."""
    lines = [line or " " for line in hunk.splitlines()]
    assert {line[0] for line in lines} <= set(" +-")
    return "".join(f"{line[1:]}\n" for line in lines if line[0] != without)


@pytest.fixture
def root(tmp_path):
    """A folder with a copy of the package."""
    for path in PACKAGE.rglob("*.py"):
        copy = tmp_path / "skbackprop" / path.relative_to(PACKAGE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())  # which can be written to, unlike the original perhaps
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    return tmp_path


def run(root, *arguments):
    """Run Python where the package is the copy."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(root), str(TESTS)]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTEST_ADDOPTS": "",
        "OMP_NUM_THREADS": "1",
    }
    return subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def run_battery(root, place, changed):
    """Run the tests of a family on its new component; doctests of what has changed as well."""
    options = ["-q", "-c", "pytest.ini", "-p", "no:cacheprovider", "-p", "place_rows"]
    options += ["--doctest-modules", "-k", place.selected]
    files = [*(TESTS / name for name in place.tests), *changed]
    return run(root, "-m", "pytest", *options, *map(str, files))


def test_the_page_has_a_diff_for_each_place():
    assert list(DIFFS) == list(PLACES)


@pytest.mark.parametrize("heading", PLACES)
def test_a_diff_makes_a_component_that_passes(heading, root):
    place = PLACES[heading]
    changed = apply_diff(DIFFS[heading], root)
    assert len(set(changed)) == place.n_files
    done = run_battery(root, place, changed)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert int(re.search(r"(\d+) passed", done.stdout)[1]) >= place.at_least, done.stdout[-500:]


def test_the_diffs_fit_together(root):
    """One estimator with all of them; it is that of the copy."""
    for diff in DIFFS.values():
        apply_diff(diff, root)
    script = """
import numpy as np, skbackprop
from skbackprop import BackpropRegressor, TabularRegressor
X = np.linspace(-1, 1, 90).reshape(30, 3)
net = BackpropRegressor(
    (4,), "softsign", loss="cauchy", learning_rate="linear", solver="rmsprop", max_iter=5,
    gradient_clipping=1.0, random_state=0,
).fit(X, X[:, 0])
TabularRegressor(2, (4,), embedding="hinges", min_steps=20).fit(X, X[:, 0])
print(skbackprop.__file__, net.summary().splitlines()[0], net.stop_reason_)
"""
    done = run(root, "-c", script)
    assert done.returncode == 0, done.stderr
    assert str(root) in done.stdout
    assert "3 -> 4 softsign -> 1 identity" in done.stdout
    assert "linear" in done.stdout


# ---- the tests themselves


def test_a_wrong_component_does_not_pass(root):
    right = "+        np.subtract(1, H, out=H)"
    assert right in DIFFS["An activation"]
    changed = apply_diff(DIFFS["An activation"].replace(right, right.replace("1", "2")), root)
    done = run_battery(root, PLACES["An activation"], changed)
    assert done.returncode == 1
    assert "test_derivative_is_that_of_the_value[softsign]" in done.stdout


@pytest.mark.parametrize("text", ["a\nc\n", "a\nb\na\nb\n", "aa\nbb\n"])
def test_a_hunk_that_has_no_single_place_is_refused(text, tmp_path):
    (tmp_path / "file.py").write_text(text)
    diff = "--- a/file.py\n+++ b/file.py\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    with pytest.raises(AssertionError, match="times"):
        apply_diff(diff, tmp_path)


def test_a_diff_is_applied_line_by_line(tmp_path):
    (tmp_path / "file.py").write_text("a\nb\n\nd\n")
    old = "--- a/file.py\n+++ b/file.py\n@@ -1 +1,2 @@\n+0\n a\n@@ -2,3 +3,2 @@\n-b\n\n+c\n d\n"
    new = "--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,2 @@\n+x\n+\n"
    assert apply_diff(old + new, tmp_path) == [tmp_path / "file.py", tmp_path / "new.py"]
    assert (tmp_path / "file.py").read_text() == "0\na\n\nc\nd\n"
    assert (tmp_path / "new.py").read_text() == "x\n\n"
