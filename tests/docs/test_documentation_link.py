"""The HTML representation of each estimator links to a page that exists."""

import tomllib
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.utils import estimator_html_repr

import skbackprop

ROOT = Path(__file__).resolve().parents[2]
ESTIMATORS = [
    value
    for value in vars(skbackprop).values()
    if isinstance(value, type) and issubclass(value, BaseEstimator)
]


@pytest.mark.parametrize("estimator_class", ESTIMATORS)
def test_links_lead_to_pages(estimator_class):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    folder = f"{project['urls']['Source']}/blob/main/docs/"
    estimator = estimator_class()
    link = estimator._get_doc_link()
    assert link.startswith(folder)
    assert (ROOT / "docs" / link.removeprefix(folder)).is_file()
    assert f'href="{link}"' in estimator_html_repr(estimator)


def test_dask_has_a_page_of_its_own():
    dask = pytest.importorskip("skbackprop.dask")
    link = dask.DaskBackpropClassifier()._get_doc_link()
    assert link.endswith("user_guide/beyond_one_machine.md")


def test_there_are_estimators():
    assert len(ESTIMATORS) >= 6


def test_subclasses_of_users_have_no_link():
    class Own(skbackprop.BackpropClassifier):
        """In another package."""

    assert Own()._get_doc_link() == ""
