"""Docstrings of public objects pass numpydoc's validation, where numpydoc is installed."""

import inspect

import pytest
from api_page import public_objects

numpydoc_validate = pytest.importorskip("numpydoc.validate")

# What is not asked for, and why: see "Testing" in the developer guide.
LEFT_OUT = {
    "SA01",  # "See Also" only where it helps
    "SA03",  # "scikit-learn's ..." begins with a small letter
    "ES01",  # a summary may say it all
    "RT02",  # a returned value may have a name
    "SS05",  # takes "Activations of" for a verb
}
ONLY_AT_TOP = {"EX01"}  # examples are asked for on classes and functions, not on each method


def public_members(name, thing):
    """Methods and properties of a class that are defined in this package.

    Not those that override a method of another class: it is the docstring there that says what
    goes in and out.
    """
    for member, value in vars(thing).items():
        function = value.fget if isinstance(value, property) else value
        ours = getattr(function, "__module__", "").startswith("skbackprop")
        inherited = any(hasattr(base, member) for base in thing.__bases__)
        if not member.startswith("_") and callable(function) and ours and not inherited:
            yield f"{name}.{member}"


def names():
    for name, thing in public_objects():
        if callable(thing):
            yield name, True
        if inspect.isclass(thing):
            for member in public_members(name, thing):
                yield member, False


@pytest.mark.parametrize(("name", "is_top"), list(names()))
def test_docstring(name, is_top):
    left_out = LEFT_OUT if is_top else LEFT_OUT | ONLY_AT_TOP
    errors = numpydoc_validate.validate(name)["errors"]
    assert [error for error in errors if error[0] not in left_out] == []


def test_a_bad_docstring_is_found():
    """The validation above is empty unless it sees what is missing."""
    errors = numpydoc_validate.validate("api_page.public_objects")["errors"]
    assert "YD01" in {code for code, _ in errors}
