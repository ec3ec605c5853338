"""Shared parameters and attributes are written once, and complete wherever they are asked for."""

import copy
import inspect
import pickle
import re
import subprocess
import sys
from ast import literal_eval
from pydoc import plain, render_doc
from typing import ClassVar

import pytest
from sklearn.base import BaseEstimator, clone

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.dask import DaskBackpropClassifier, DaskBackpropRegressor
from skbackprop.utils import with_shared_parameters

ESTIMATORS = [
    BackpropClassifier,
    BackpropRegressor,
    TabularClassifier,
    TabularRegressor,
    DaskBackpropClassifier,
    DaskBackpropRegressor,
]
every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS)


def heads(cls, heading):
    """First lines of the entries of a section."""
    section = cls.__doc__.split(f"\n{heading}\n{'-' * len(heading)}\n")[1]
    section = re.split(r"\n\S.*\n---", section)[0]
    return re.findall(r"^\S.*", section, re.MULTILINE)


def names(cls, heading):
    return [head.split(" : ")[0] for head in heads(cls, heading)]


# ---- the estimators


@every_estimator
def test_each_parameter_is_documented_once_and_in_order(estimator):
    assert names(estimator, "Parameters") == list(inspect.signature(estimator).parameters)


@every_estimator
def test_defaults_in_the_docstring_are_those_of_the_signature(estimator):
    stated = {
        name: literal_eval(head.split(", default=")[1])
        for name, head in zip(
            names(estimator, "Parameters"), heads(estimator, "Parameters"), strict=True
        )
    }
    assert stated == estimator().get_params(deep=False)


@pytest.mark.parametrize(
    "estimator", [BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor]
)
def test_each_parameter_is_in_one_group_of_the_overview(estimator):
    overview = estimator.__doc__.split("Parameters by purpose:")[1].split("\nParameters\n")[0]
    listed = re.findall(r"``(\w+)``", overview)
    assert sorted(listed) == sorted(inspect.signature(estimator).parameters)


@every_estimator
def test_no_attribute_is_documented_twice(estimator):
    documented = names(estimator, "Attributes")
    assert len(documented) == len(set(documented))
    assert {"n_features_in_", "loss_curve_"} < set(documented)


@every_estimator
def test_references_resolve(estimator):
    text, references = estimator.__doc__.split("\nReferences\n")
    cited = set(re.findall(r"\[(\d)\]_", text))
    assert cited == set(re.findall(r"^\.\. \[(\d)\]", references, re.MULTILINE))


@every_estimator
def test_help_shows_all_parameters(estimator):
    text = plain(render_doc(estimator))
    assert "shared" not in text.split("__init__(")[1].split(")\n")[0]
    for name in inspect.signature(estimator).parameters:
        assert f" {name} : " in text


def test_tables_have_defaults_of_their_own():
    for cls, rate in ((TabularClassifier, 0.08), (TabularRegressor, 0.05)):
        assert cls().learning_rate_init == rate
        assert f"\nlearning_rate_init : float, default={rate}\n" in cls.__doc__


def test_an_entry_of_the_class_overrides_the_shared_one():
    assert "\n    Number of targets.\n" in BackpropRegressor.__doc__
    assert "\n    Number of outputs of the network.\n" in BackpropClassifier.__doc__


@pytest.mark.parametrize("estimator", [BackpropClassifier, BackpropRegressor])
def test_two_parameters_are_positional(estimator):
    assert estimator((3,), "tanh").get_params() == (
        estimator(hidden_layer_sizes=(3,), activation="tanh").get_params()
    )
    with pytest.raises(TypeError, match="positional"):
        estimator((3,), "tanh", "lbfgs")


@every_estimator
def test_an_unknown_parameter_is_a_type_error(estimator):
    with pytest.raises(TypeError, match="unexpected keyword argument 'alhpa'"):
        estimator(alhpa=1.0)


@every_estimator
def test_parameters_survive_all_ways_of_copying(estimator):
    original = estimator(max_iter=7, random_state=3).set_params(loss="squared_error")
    for twin in (clone(original), copy.copy(original), pickle.loads(pickle.dumps(original))):
        assert twin.get_params() == original.get_params()
    assert "max_iter=7" in repr(original)
    assert "batch_size" not in repr(original)


class OfAUser(BackpropRegressor):
    def __init__(self, width=5):
        super().__init__((width,), solver="lbfgs", max_iter=20)
        self.width = width


class WithMore(BackpropRegressor):
    def __init__(self, hidden_layer_sizes=(4,), *, solver="lbfgs", max_iter=20, power=1):
        super().__init__(hidden_layer_sizes, solver=solver, max_iter=max_iter)
        self.power = power


@pytest.mark.parametrize("subclass", [OfAUser, WithMore])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_subclass_may_have_a_plain_init(subclass):
    own = set(inspect.signature(subclass).parameters)
    estimator = clone(subclass())
    assert set(estimator.get_params()) == own
    fitted = pickle.loads(pickle.dumps(estimator.fit([[0.0], [1.0]], [0.0, 1.0])))
    assert fitted.predict([[0.5]]).shape == (1,)


# ---- python -OO, which has no docstrings


def test_every_module_can_be_imported_without_docstrings():
    program = (
        "import importlib, pkgutil, skbackprop\n"
        "for module in pkgutil.walk_packages(skbackprop.__path__, 'skbackprop.'):\n"
        "    importlib.import_module(module.name)\n"
        "print(skbackprop.BackpropClassifier(max_iter=7))"
    )
    command = [sys.executable, "-W", "ignore", "-OO", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "BackpropClassifier(max_iter=7)\n"


# ---- the decorator


class Shared(BaseEstimator):
    """What several classes share.

    Parameters
    ----------
    size : int
        Size, as in [1]_.

        - 0: none.

    speed : float
        Speed.

    Attributes
    ----------
    fitted_ : int
        Fitted.

    score_ : float
        Score.

    Notes
    -----
    Shared notes.

    References
    ----------
    .. [1] One.
    """

    def __init__(self, size=1, *, speed=0.5):
        self.size = size
        self.speed = speed


@with_shared_parameters
class Own(Shared):
    """A class of its own.

    More about it.

    Parameters
    ----------
    name : str
        Name.

    speed : float or None
        Speed of another kind.

    Attributes
    ----------
    score_ : float
        Another score.

    first_ : int
        First.

    Notes
    -----
    Own notes [2]_.

    References
    ----------
    .. [2] Two.

    Examples
    --------
    >>> 1
    1
    """

    def __init__(self, *sizes, name="it", speed=None, **shared):
        super().__init__(*sizes, speed=speed, **shared)
        self.name = name


WHOLE = """\
A class of its own.

More about it.

Parameters
----------
size : int, default=1
    Size, as in [1]_.

    - 0: none.

name : str, default='it'
    Name.

speed : float or None, default=None
    Speed of another kind.

Attributes
----------
first_ : int
    First.

fitted_ : int
    Fitted.

score_ : float
    Another score.

Notes
-----
Shared notes.

Own notes [2]_.

References
----------
.. [1] One.

.. [2] Two.

Examples
--------
>>> 1
1
"""


def test_the_docstring_is_merged():
    assert Own.__doc__ == WHOLE


def test_the_signature_is_merged():
    assert str(inspect.signature(Own)) == "(size=1, *, name='it', speed=None)"
    assert Own(3, name="x").get_params() == {"name": "x", "size": 3, "speed": None}


def test_a_class_without_init_has_the_documentation_of_its_base():
    @with_shared_parameters
    class Heir(Own):
        """An heir."""

    shared = WHOLE.removeprefix("A class of its own.\n\nMore about it.").split("\n\nExamples")[0]
    assert Heir.__doc__ == f"An heir.{shared}\n"


def test_another_default_is_documented():
    @with_shared_parameters
    class Faster(Own):
        """Faster."""

        def __init__(self, *sizes, speed=9.0, **shared):
            super().__init__(*sizes, speed=speed, **shared)

    assert "\nspeed : float or None, default=9.0\n" in Faster.__doc__
    assert Faster().get_params() == {"name": "it", "size": 1, "speed": 9.0}


def test_a_parameter_without_a_default_has_none_in_the_docstring():
    @with_shared_parameters
    class Named(Shared):
        """Named.

        Parameters
        ----------
        name : str
            Its name.
        """

        def __init__(self, name, **shared):
            super().__init__(**shared)
            self.name = name

    assert "\nname : str\n    Its name.\n" in Named.__doc__
    assert "\nsize : int, default=1\n" in Named.__doc__


def test_groups_of_parameters_are_listed_below_the_summary():
    @with_shared_parameters
    class Grouped(Own):
        """Grouped."""

        _parameter_groups: ClassVar = {"Motion": ["speed", "absent"], "Empty": ["absent"]}

    assert Grouped.__doc__.startswith(
        "Grouped.\n\nParameters by purpose:\n\n- Motion: ``speed``\n\nParameters\n"
    )


def test_the_base_class_is_as_it_was():
    assert "default=" not in Shared.__doc__
    assert str(inspect.signature(Shared)) == "(size=1, *, speed=0.5)"


def test_without_docstring_only_the_signature_is_merged():
    @with_shared_parameters
    class Silent(Shared):
        def __init__(self, *, name="it", **shared):
            super().__init__(**shared)
            self.name = name

    assert Silent.__doc__ is None
    assert str(inspect.signature(Silent)) == "(size=1, *, name='it', speed=0.5)"


def test_a_section_of_unknown_place_is_refused():
    with pytest.raises(ValueError, match="Warnigns"):

        @with_shared_parameters
        class Mistaken(Shared):
            """Mistaken.

            Warnigns
            --------
            Beware.
            """
