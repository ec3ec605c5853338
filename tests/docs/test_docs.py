"""The API reference lists every public name, and the pages agree with the package."""

import subprocess
import sys
from importlib import import_module
from pkgutil import walk_packages

import pytest
from api_page import API_PAGE, listed_names

import skbackprop

# Modules that are not for users. A new module belongs here or into the API reference. The files of
# a folder are never for users: what is public in them is a name of the folder.
INTERNAL = {
    "base",
    "classifier",
    "data",
    "fitted_estimator",
    "from_sklearn",
    "kernels",
    "network",
    "parameter_checks",
    "regressor",
    "tabular",
    "targets",
    "training",
    "utils",
}

# What users meet of modules that are not for them.
PUBLIC_ALL_THE_SAME = {
    "skbackprop.kernels": {"chosen", "compile_all", "use"},
    "skbackprop.training": {"Progress"},
}

MODULES = {module.name for module in walk_packages(skbackprop.__path__, "skbackprop.")}


def public_names(module):
    parts = module.split(".")[1:]
    if len(parts) > 1 or INTERNAL.intersection(parts):
        return PUBLIC_ALL_THE_SAME.get(module, set())
    return set(import_module(module).__all__) - {"__version__"}


@pytest.mark.parametrize("module", ["skbackprop", *sorted(MODULES)])
def test_every_public_name_is_in_the_api_reference(module):
    assert set(listed_names().get(module, ())) == public_names(module)


def test_there_is_something_to_list():
    assert {"BackpropClassifier", "BackpropRegressor"} <= public_names("skbackprop")
    assert "Loss" in public_names("skbackprop.losses")


def test_internal_modules_exist():
    assert {f"skbackprop.{name}" for name in INTERNAL} <= MODULES


def test_no_name_is_listed_twice():
    for names in listed_names().values():
        assert len(names) == len(set(names))


def test_the_changelog_has_an_entry_for_this_version():
    changelog = (API_PAGE.parents[1] / "changelog.md").read_text(encoding="utf-8")
    assert f"\n## {skbackprop.__version__}" in changelog


@pytest.mark.parametrize("name", ["sbom", "docs-requirements"])
def test_the_bill_of_materials_and_the_pins_agree_with_the_project(name):
    command = API_PAGE.parents[2] / ".ci" / name
    if not command.exists():
        pytest.skip("the installed package is tested without the source tree")
    done = subprocess.run([sys.executable, command, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_citation_is_of_this_version():
    citation = API_PAGE.parents[2] / "CITATION.cff"
    if not citation.exists():
        pytest.skip("the installed package is tested without the source tree")
    assert f"\nversion: {skbackprop.__version__}\n" in citation.read_text(encoding="utf-8")
