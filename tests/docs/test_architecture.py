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

# What each room (a folder, or a module that stands alone) imports from other rooms: no more, and
# no less. A new room needs a row.
IMPORTS = {
    "utils": set(),
    "losses": {"utils"},
    "activations": {"losses", "utils"},
    "data": {"utils"},
    "targets": {"losses", "utils"},
    "kernels": set(),
    "network": {"activations", "data", "kernels"},
    "training": {"data", "kernels", "losses", "network", "utils"},
    "parameter_checks": {"activations", "training", "utils"},
    "callbacks": {"utils"},
    "fitted_estimator": {"activations", "losses", "network", "targets", "training", "utils"},
    "inspection": {"data", "fitted_estimator", "network", "tabular", "training", "utils"},
    "plotting": {"network", "utils"},
    "base": {"activations", "data", "fitted_estimator", "network", "parameter_checks", "training"}
    | {"utils"},
    "classifier": {"activations", "base", "data", "losses", "targets", "utils"},
    "regressor": {"activations", "base", "data", "losses", "targets", "utils"},
    "from_sklearn": {"classifier", "data", "losses", "network", "regressor", "training"},
    "tabular": {"activations", "data", "losses", "network", "parameter_checks", "targets"}
    | {"training", "utils"},
    "export": {"activations", "classifier", "data", "losses", "network", "regressor", "tabular"}
    | {"targets", "training", "utils"},
    "dask": {"classifier", "data", "fitted_estimator", "losses", "network", "regressor", "targets"}
    | {"training", "utils"},
    "": {"classifier", "from_sklearn", "regressor", "tabular"},
}

REQUIRED = {"joblib", "numpy", "scipy", "sklearn", "skbackprop", "threadpoolctl"}

# What a folder needs that is not imported with the package.
EXTRA = {"callbacks": {"rich"}, "dask": {"dask", "distributed", "pandas"}, "kernels": {"numba"}}


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


def room(module):
    """The room of a module: its folder, or itself at the top."""
    return module.split(".")[0]


ROOMS = sorted({room(name) for name in MODULES})


def test_every_room_has_a_row():
    assert set(ROOMS) == set(IMPORTS)


def test_there_are_few_rooms():
    assert len(ROOMS) <= 21


@pytest.mark.parametrize("name", ROOMS)
def test_a_room_imports_what_its_row_says(name):
    imported = {
        room(other)
        for module in MODULES
        if room(module) == name
        for other in imported_modules(module)
    }
    assert imported - {name} == IMPORTS[name]


def test_rooms_are_imported_one_way():
    assert len([*TopologicalSorter(IMPORTS).static_order()]) == len(IMPORTS)


def test_modules_are_imported_one_way():
    """Within a room, too."""
    graph = {name: set(imported_modules(name)) - {name} for name in MODULES}
    assert len([*TopologicalSorter(graph).static_order()]) == len(MODULES)


FOLDERS = [name for name in ROOMS if MODULES[name].name == "__init__.py"]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_room_has_a_door(name):
    """Its first lines say what it is for, and ``__all__`` what other rooms may use of it."""
    tree = ast.parse(MODULES[name].read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    assert any(
        isinstance(node, ast.Assign) and node.targets[0].id == "__all__" for node in tree.body
    )


def test_imports_are_recognised():
    """The checks above are empty unless imports of each form are found."""
    assert set(imported_modules("")) >= {"classifier", "from_sklearn", "regressor", "tabular"}
    assert {"activations", "network.dense", "network.parameters"} <= set(
        imported_modules("network.network")
    )
    assert "training.monitor" in set(imported_modules("training.solvers.lbfgs"))


def is_private(module, imported):
    names = [*module.split("."), imported or ""]
    return names[0] == "sklearn" and any(name.startswith("_") for name in names)


def test_one_module_imports_what_is_private_to_scikit_learn():
    users = {name for name in MODULES for found in imports(name) if is_private(*found)}
    assert users == {"utils.scikit_learn"}


def top_level_imports(node):
    """Names of the packages that are imported when a module is, not when a function is called.

    Nor those that only type checkers import.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            child = ast.Module(child.orelse, [])
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
