"""What is deprecated warns, works as before, and is removed when that was announced."""

import inspect
import warnings
from importlib import import_module
from pkgutil import walk_packages

import pytest

import skbackprop
from skbackprop.utils.deprecation import deprecated


@deprecated(since="0.5", instead="use `new`")
def old(x, *, factor=2):
    """Multiply."""
    return x * factor


class Old:
    """Of which a method and the class itself are deprecated."""

    @deprecated(since="1.9", instead="use `New`")
    def __init__(self, value=1):
        self.value = value

    @classmethod
    @deprecated(since="0.5", instead="use `New.made`")
    def made(cls):
        return cls.__new__(cls)


def removals(module):
    """Name and release of all that is deprecated in a module and its classes."""
    for thing in vars(module).values():
        for function in [thing, *(vars(thing).values() if inspect.isclass(thing) else ())]:
            function = getattr(function, "__func__", function)
            if "removed_in" in getattr(function, "__dict__", {}):
                yield function.__qualname__, function.removed_in


def is_overdue(removed_in, version):
    return numbers(removed_in) <= numbers(version)


def numbers(version):
    return [int(part) for part in version.split(".")[:2]]


def test_a_call_warns_at_the_line_of_the_user_and_works():
    with pytest.warns(FutureWarning) as found:
        assert old(3, factor=5) == 15
    (warning,) = found
    assert str(warning.message) == (
        "old is deprecated since version 0.5 and will be removed in 0.7; use `new`."
    )
    assert warning.filename == __file__


def test_a_class_is_deprecated_by_its_init():
    with pytest.warns(FutureWarning, match=r"^Old is .* removed in 1\.11; use `New`\.$"):
        assert Old(value=3).value == 3


def test_a_class_method_can_be_deprecated():
    with pytest.warns(FutureWarning, match=r"^Old\.made is deprecated"):
        assert isinstance(Old.made(), Old)


def test_nothing_warns_but_the_call():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        deprecated(since="0.5", instead="use `new`")(old.__wrapped__)


def test_signature_and_docstring_are_kept():
    assert str(inspect.signature(old)) == "(x, *, factor=2)"
    assert old.__doc__ == "Multiply."


def test_no_release_keeps_what_it_was_to_remove():
    modules = [module.name for module in walk_packages(skbackprop.__path__, "skbackprop.")]
    found = dict(each for name in modules for each in removals(import_module(name)))
    version = skbackprop.__version__
    assert {name for name, removed_in in found.items() if is_overdue(removed_in, version)} == set()


def test_what_is_overdue_is_found():
    found = dict(removals(import_module(__name__)))
    assert found == {"old": "0.7", "Old.__init__": "1.11", "Old.made": "0.7"}
    assert is_overdue("0.7", "0.7.1")
    assert is_overdue("0.7", "1.0.0")
    assert not is_overdue("0.7", "0.6.3")
    assert not is_overdue("1.11", "1.9.0")
