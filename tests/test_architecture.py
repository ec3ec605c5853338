"""The rooms of the package: imports point one way, and little is imported from outside."""

import ast
import os
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import skbackprop

PACKAGE = Path(skbackprop.__file__).parent

# What each module may import from the package. A new module needs a row.
MAY_IMPORT = {
    "activations": {"activations.base", "activations.classic", "activations.rectifiers"}
    | {"activations.smooth"},
    "activations.base": set(),
    "activations.classic": {"activations.base"},
    "activations.rectifiers": {"activations.base"},
    "activations.smooth": {"activations.base", "links"},
    "drafts": set(),
    "dropout": set(),
    "gradient_check": set(),
    "initializers": set(),
    "links": set(),
    "losses": {"losses.base", "losses.classification", "losses.deviance", "losses.gaussian"}
    | {"losses.probabilities", "losses.quantile", "losses.regression"},
    "losses.base": {"links"},
    "losses.classification": {"links", "losses.base"},
    "losses.deviance": {"links", "losses.base"},
    "losses.gaussian": {"losses.base"},
    "losses.probabilities": {"links", "losses.base", "losses.classification"},
    "losses.quantile": {"losses.base"},
    "losses.regression": {"losses.base"},
    "heads": {"losses"},
    "monitor": set(),
    "parameters": set(),
    "schedules": set(),
    "starting_values": set(),
    "stopping": set(),
    "threads": set(),
    "exclusions": set(),
    "validation": set(),
    "callbacks": set(),
    "batches": set(),
    "network": {"activations", "dropout", "parameters"},
    "objective": set(),
    "passes": {"batches", "network", "objective", "threads"},
    "periodic": {"activations", "parameters"},
    "solvers": set(),
    "solvers.averaging": set(),
    "solvers.updates": {"solvers.averaging", "threads"},
    "solvers.stochastic": {"batches", "monitor", "schedules", "stopping"},
    "solvers.lbfgs": {"monitor"},
    "state": {"dropout", "schedules", "stopping"},
    "sample": {"batches"},
    "labels": {"links", "losses", "validation"},
    "label_columns": {"heads", "labels", "validation"},
    "hidden_features": {"batches", "drafts", "network", "passes", "validation"},
    "export": {"activations", "drafts", "outputs", "parameters", "validation"},
    "outputs": set(),
    "summary": {"drafts", "validation"},
    "training": {
        "monitor",
        "passes",
        "schedules",
        "solvers.lbfgs",
        "solvers.stochastic",
        "solvers.updates",
        "threads",
    },
    "constraints": {"activations", "training", "validation"},
    "fitted": {"batches", "parameters", "passes", "validation"},
    "base": {
        "activations",
        "constraints",
        "batches",
        "drafts",
        "dropout",
        "exclusions",
        "fitted",
        "callbacks",
        "export",
        "hidden_features",
        "initializers",
        "monitor",
        "network",
        "objective",
        "parameters",
        "passes",
        "sample",
        "schedules",
        "starting_values",
        "state",
        "stopping",
        "summary",
        "training",
        "validation",
    },
    "classifier": {"base", "drafts", "label_columns", "labels", "losses", "starting_values"}
    | {"validation"},
    "regressor": {"base", "drafts", "losses", "starting_values", "validation"},
    "tabular": {"tabular.classifier", "tabular.regressor"},
    "tabular.progress": {"callbacks"},
    "tabular.temperature": {"heads", "links"},
    "tabular.base": {
        "callbacks",
        "activations",
        "drafts",
        "smooth_clip",
        "solvers.stochastic",
        "table_encoder",
        "tabular.member",
        "tabular.progress",
        "threads",
        "validation",
    },
    "tabular.classifier": {
        "drafts",
        "label_columns",
        "labels",
        "losses",
        "tabular.base",
        "tabular.member",
        "validation",
    },
    "tabular.regressor": {"drafts", "links", "losses", "tabular.base", "tabular.member"}
    | {"validation"},
    "tabular.member": {
        "activations",
        "batches",
        "classifier",
        "initializers",
        "network",
        "parameters",
        "passes",
        "periodic",
        "regressor",
        "sample",
        "schedules",
        "tabular.progress",
        "tabular.temperature",
    },
    "inspection": {
        "batches",
        "drafts",
        "gradient_check",
        "hidden_features",
        "network",
        "objective",
        "outputs",
        "passes",
        "threads",
        "validation",
    },
    "plotting": {"outputs", "summary"},
    "interop": {"classifier", "regressor", "solvers.updates", "state"},
    "dask": {"dask.estimators"},
    "dask.collections": set(),
    "dask.estimators": {"classifier", "dask.fitting", "dask.labels", "drafts", "label_columns"}
    | {"regressor"},
    "dask.fitting": {
        "dask.collections",
        "dask.labels",
        "dask.passes",
        "dask.predictions",
        "dask.rows",
        "dask.tasks",
        "drafts",
        "hidden_features",
        "monitor",
        "training",
        "validation",
    },
    "dask.held": {"sample"},
    "dask.labels": set(),
    "dask.passes": {"dask.tasks", "objective"},
    "dask.predictions": {"dask.collections"},
    "dask.rows": {"batches", "dask.tasks"},
    "dask.tasks": {
        "batches",
        "dask.held",
        "dropout",
        "objective",
        "passes",
        "sample",
        "threads",
        "validation",
    },
    "smooth_clip": {"drafts", "validation"},
    "table_columns": set(),
    "table_encoder": {"drafts", "table_columns", "validation"},
    "": {"classifier", "interop", "regressor", "smooth_clip", "table_encoder", "tabular"},
}

REQUIRED = {"joblib", "numpy", "scipy", "sklearn", "skbackprop", "threadpoolctl"}

# What a folder needs that is not imported with the package.
EXTRA = {"dask": {"dask", "distributed", "pandas"}}


def module_name(path):
    """Dotted name inside the package; empty for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in PACKAGE.rglob("*.py")}


def imports(name):
    """Absolute (module, imported name) of all import statements, wherever they stand."""
    path = MODULES[name]
    package = ["skbackprop", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *filter(None, [node.module])])
            yield from ((module, alias.name) for alias in node.names)


def imported_modules(name):
    """Modules of the package that a module imports."""
    for module, imported in imports(name):
        if module.split(".")[0] != "skbackprop":
            continue
        inside = module.removeprefix("skbackprop").lstrip(".")
        submodule = f"{inside}.{imported}".lstrip(".")
        yield submodule if submodule in MODULES else inside


def test_every_module_has_a_row():
    assert set(MODULES) == set(MAY_IMPORT)


@pytest.mark.parametrize("name", MODULES)
def test_imports_are_those_of_the_table(name):
    assert set(imported_modules(name)) <= MAY_IMPORT.get(name, set())


def test_the_table_points_one_way():
    assert len([*TopologicalSorter(MAY_IMPORT).static_order()]) == len(MAY_IMPORT)


def test_imports_are_recognised():
    """The checks above are empty unless imports of each form are found."""
    assert set(imported_modules("")) >= {"classifier", "interop", "regressor"}
    assert {"activations", "dropout", "parameters"} == set(imported_modules("network"))
    assert "monitor" in set(imported_modules("solvers.lbfgs"))
    assert "solvers.updates" in set(imported_modules("training"))


def is_private(module, imported):
    names = [*module.split("."), imported or ""]
    return names[0] == "sklearn" and any(name.startswith("_") for name in names)


def test_only_validation_imports_what_is_private_to_scikit_learn():
    users = {name for name in MODULES for found in imports(name) if is_private(*found)}
    assert users == {"validation"}


def top_level_imports(node):
    """Names of the packages that are imported when a module is, not when a function is called."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (alias.name.split(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom) and child.level == 0:
            yield child.module.split(".")[0]
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from top_level_imports(child)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_imports_required_packages_only(name):
    """Optional ones are imported by the functions that need them."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    others = set(top_level_imports(tree)) - set(sys.stdlib_module_names)
    assert others <= REQUIRED | EXTRA.get(name.split(".")[0], set())


def test_importing_the_package_imports_no_optional_package():
    """Other than scikit-learn does itself, some versions of which import pandas and rich."""
    script = """
import sys
import sklearn.metrics, sklearn.model_selection, sklearn.neural_network
before = set(sys.modules)
import skbackprop
optional = {"dask", "distributed", "matplotlib", "pandas", "polars", "rich", "torch"}
print(*optional.intersection(set(sys.modules) - before))
"""
    paths = [str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
