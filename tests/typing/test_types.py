"""Everything public is annotated, and type checkers tell right programs from wrong ones."""

import ast
import inspect
import re
import subprocess
import sys
from collections import defaultdict
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from api_page import public_objects

import skbackprop
from skbackprop.activations import ACTIVATIONS, ActivationName
from skbackprop.base import BaseBackprop
from skbackprop.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    SURVIVAL_LOSSES,
    ClassificationLossName,
    RegressionLossName,
    SurvivalLossName,
)
from skbackprop.tabular.base import BaseTabular
from skbackprop.tabular.embeddings import EMBEDDINGS, EmbeddingName
from skbackprop.training.schedules import SCHEDULES, ScheduleName
from skbackprop.training.solvers.update_rules import UPDATE_RULES, SolverName

HERE = Path(__file__).parent


def test_type_checkers_are_told_that_there_are_annotations():
    assert (files(skbackprop) / "py.typed").is_file()


# ---- what is annotated


def public_functions():
    """Functions, methods and properties that users call, by name; those of base classes, too."""
    found = {}
    for name, thing in public_objects():
        if inspect.isfunction(thing):
            found[name] = thing
        elif inspect.isclass(thing):
            found |= {f"{name}.{member}": function for member, function in methods(thing)}
    return found


def methods(cls):
    """Public methods, getters of properties, and ``__init__``, unless a dataclass has made it."""
    ours = (base for base in reversed(cls.__mro__) if base.__module__.startswith("skbackprop"))
    for member in {name for base in ours for name in vars(base)}:
        value = inspect.getattr_static(cls, member)
        function = value.fget if isinstance(value, property) else getattr(cls, member)
        function = inspect.unwrap(getattr(function, "__func__", function))
        is_ours = getattr(function, "__module__", "").startswith("skbackprop")
        is_public = member == "__init__" or not member.startswith("_")
        if is_public and is_ours and inspect.isfunction(function) and not is_generated(function):
            yield member, function


def is_generated(function):
    """Whether a dataclass has made it, of fields that are annotated."""
    return function.__code__.co_filename == "<string>"


FUNCTIONS = public_functions()


def test_public_functions_are_found():
    """The next test is empty unless there are functions, methods and properties of all kinds."""
    assert {
        "skbackprop.from_sklearn",
        "skbackprop.BackpropClassifier.__init__",
        "skbackprop.BackpropClassifier.fit",
        "skbackprop.BackpropClassifier.partial_fit",
        "skbackprop.BackpropRegressor.transform",
        "skbackprop.dask.DaskBackpropClassifier.client_",
        "skbackprop.inspection.GradientCheck.max_relative_error",
        "skbackprop.plotting.NetworkDisplay.from_estimator",
    } <= set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_parameter_and_result_is_annotated(name):
    signature = inspect.signature(FUNCTIONS[name])
    bare = [p.name for p in signature.parameters.values() if p.annotation is p.empty]
    assert set(bare) <= {"self", "cls"}
    assert name.endswith(".__init__") or signature.return_annotation is not signature.empty


# ---- what is written twice


@pytest.mark.parametrize(
    ("names", "registry"),
    [
        (ActivationName, ACTIVATIONS),
        (RegressionLossName, REGRESSION_LOSSES),
        (SurvivalLossName, SURVIVAL_LOSSES),
        (ClassificationLossName, CLASSIFICATION_LOSSES),
        (ScheduleName, SCHEDULES),
        (SolverName, {"lbfgs", *UPDATE_RULES}),
        (EmbeddingName, EMBEDDINGS),
    ],
)
def test_the_names_that_type_checkers_know_are_those_of_the_registry(names, registry):
    assert set(get_args(names)) == set(registry)


def named_types(path, class_name):
    """Annotations of ``SharedParameters``, which only type checkers see, as text."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if getattr(node, "name", None) == class_name]
    return {
        node.target.id: ast.unparse(node.annotation)
        for node in found[0].body
        if isinstance(node, ast.AnnAssign)
    }


@pytest.mark.parametrize(
    ("base", "classes"),
    [
        (BaseBackprop, (skbackprop.BackpropClassifier, skbackprop.BackpropRegressor)),
        (BaseTabular, (skbackprop.TabularClassifier, skbackprop.TabularRegressor)),
    ],
)
def test_what_the_base_class_takes_has_the_same_type_by_name(base, classes):
    shared = named_types(Path(inspect.getfile(base)), "SharedParameters")
    for cls in classes:
        by_name = {
            name: ast.unparse(ast.parse(parameter.annotation))
            for name, parameter in inspect.signature(base).parameters.items()
            if name not in own_parameters(cls)
        }
        assert shared == by_name


def own_parameters(cls):
    code = cls.__init__.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


# ---- what type checkers say


@pytest.fixture(scope="module")
def errors(tmp_path_factory):
    """Codes of mypy's errors by file and line, for a user who has installed the package."""
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"]
    command += ["--show-error-codes", "--hide-error-context", "--cache-dir=cache"]
    done = subprocess.run(
        [*command, str(HERE / "user_code.py"), str(HERE / "wrong_code.py")],
        cwd=tmp_path_factory.mktemp("mypy"),
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    found = defaultdict(set)
    for line in done.stdout.splitlines():
        if match := re.fullmatch(r"(.*):(\d+): error: .*\[([a-z-]+)\]", line):
            found[Path(match[1]).name, int(match[2])].add(match[3])
    return dict(found)


def expected_errors(path):
    """What comments say of the lines of a file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    marks = {number: re.search("# error: (.*)", line) for number, line in enumerate(lines, 1)}
    return {
        (path.name, number): set(mark[1].split(", ")) for number, mark in marks.items() if mark
    }


def test_the_right_program_passes(errors):
    assert {place: codes for place, codes in errors.items() if place[0] == "user_code.py"} == {}


def test_each_mistake_is_found_and_nothing_else(errors):
    found = {place: codes for place, codes in errors.items() if place[0] == "wrong_code.py"}
    assert found == expected_errors(HERE / "wrong_code.py")
    assert len(found) > 20
