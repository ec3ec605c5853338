"""Recipes: what hyper-parameters ask for, and nothing else; never changed by a run."""

from dataclasses import FrozenInstanceError, fields, replace
from types import SimpleNamespace

import numpy as np
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.training import SCHEDULES, UPDATE_RULES, Recipe, recipe_of
from skbackprop.training.schedules import Constant, Multiple, WarmUp

pytestmark = [
    pytest.mark.filterwarnings("ignore:learning_rate=:UserWarning"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

SOLVERS = ["lbfgs", *UPDATE_RULES]
every_solver = pytest.mark.parametrize("solver", SOLVERS)
every_rule = pytest.mark.parametrize("solver", UPDATE_RULES)
X = np.random.default_rng(0).normal(size=(30, 3))

# Values other than the defaults, of what a recipe takes over as it is.
TAKEN_OVER = {
    "alpha": 0.5,
    "max_iter": 7,
    "tol": 0.25,
    "n_iter_no_change": 3,
    "early_stopping": True,
    "verbose": 2,
    "learning_rate_init": 0.125,
}
OF_STEPS = {"batch_size": 11, "shuffle": False, "learning_rate": "cosine"}


def recipe(one_pass=False, **parameters):
    return recipe_of(BackpropRegressor(**parameters), one_pass)


@every_solver
@pytest.mark.parametrize("name", [field.name for field in fields(Recipe)])
def test_a_recipe_is_frozen(solver, name):
    made = recipe(solver=solver)
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, None)


@every_solver
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_of_a_recipe_are_values(solver, schedule):
    """Equal settings give equal schedules, that can be keys."""
    one, other = (recipe(solver=solver, learning_rate=schedule) for _ in range(2))
    for name in ("schedule", "strength", "validation_loss"):
        ours, theirs = getattr(one, name), getattr(other, name)
        assert ours == theirs
        assert hash(ours) == hash(theirs)
    if solver != "lbfgs":
        assert one.schedule != recipe(solver=solver, learning_rate_init=0.7).schedule


@every_solver
@pytest.mark.parametrize("name", TAKEN_OVER)
def test_a_parameter_is_taken_over_as_it_is(solver, name):
    value = TAKEN_OVER[name]
    assert getattr(recipe(solver=solver, **{name: value}), name) == value
    assert getattr(recipe(solver=solver), name) == getattr(BackpropRegressor(), name)


@every_rule
@pytest.mark.parametrize("name", OF_STEPS)
def test_a_parameter_of_steps_is_taken_over(solver, name):
    value = OF_STEPS[name]
    assert getattr(recipe(solver=solver, **{name: value}), name) == value


@every_solver
@pytest.mark.parametrize("estimator", [BackpropClassifier(), BackpropRegressor()])
def test_only_parameters_are_read(solver, estimator):
    """What has no other attributes will do, and what a fit has left makes no difference."""
    parameters = estimator.get_params() | {"solver": solver, "max_iter": 3}
    bare = recipe_of(SimpleNamespace(**parameters))
    fitted = recipe_of(type(estimator)(**parameters).fit(X, (X[:, 0] > 0).astype(int)))
    for field in fields(Recipe):
        ours, theirs = getattr(bare, field.name), getattr(fitted, field.name)
        if field.name != "rule":
            assert ours == theirs
    assert type(bare.rule) is type(fitted.rule)
    assert bare.rule is None or fitted.rule.moments == []


def test_a_recipe_keeps_what_the_settings_were():
    options = {"maxcor": 3}
    settings = BackpropRegressor(solver="lbfgs", solver_options=options)
    made = recipe_of(settings)
    options["maxcor"] = 17
    settings.set_params(max_iter=1, alpha=5.0)
    assert made.lbfgs_options["maxcor"] == 3
    assert (made.max_iter, made.alpha) == (200, 0.0001)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {"maxfun": 15000, "maxiter": 200, "gtol": 1e-4}),
        ({"max_fun": 9, "max_iter": 5, "tol": 0.5}, {"maxfun": 9, "maxiter": 5, "gtol": 0.5}),
        (
            {"tol": 0.5, "solver_options": {"gtol": 0.1, "maxls": 4}},
            {"maxfun": 15000, "maxiter": 200, "gtol": 0.1, "maxls": 4},
        ),
    ],
)
def test_options_of_lbfgs(parameters, expected):
    made = recipe(solver="lbfgs", **parameters)
    assert made.lbfgs_options == expected
    assert (made.rule, made.schedule, made.planned, made.unit) == (None, None, False, "iteration")


@every_rule
@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_those_of_the_name(solver, name):
    made = recipe(solver=solver, learning_rate=name)
    ignored = SCHEDULES[name].sgd_only and solver != "sgd"
    assert type(made.schedule) is (Constant if ignored else SCHEDULES[name])
    assert made.planned is SCHEDULES[name].planned
    assert made.unit == "epoch"


@pytest.mark.parametrize("name", [name for name in SCHEDULES if SCHEDULES[name].sgd_only])
def test_a_schedule_that_is_ignored_is_told(name):
    with pytest.warns(UserWarning, match=f"learning_rate='{name}' has no effect with"):
        recipe(solver="adam", learning_rate=name)


def halved(progress):
    return 0.5


@every_rule
def test_a_function_and_a_warm_up_become_schedules(solver):
    made = recipe(solver=solver, learning_rate=halved, warmup_fraction=0.25)
    assert made.schedule == WarmUp(Multiple(0.001, halved), 0.25)
    assert hash(made.schedule) == hash(WarmUp(Multiple(0.001, halved), 0.25))
    assert not made.planned
    assert recipe(solver=solver, learning_rate="cosine", warmup_fraction=0.25).planned


RULES = {
    "sgd": {"momentum": 0.3, "nesterov": False},
    "adam": {"beta_1": 0.3, "beta_2": 0.4, "epsilon": 0.5},
}


@every_rule
def test_a_rule_is_new_and_has_the_parameters(solver):
    own = {"nesterovs_momentum" if n == "nesterov" else n: v for n, v in RULES[solver].items()}
    rule = recipe(solver=solver, weight_decay=0.25, average=0.5, **own).rule
    assert type(rule) is UPDATE_RULES[solver]
    assert {name: getattr(rule, name) for name in RULES[solver]} == RULES[solver]
    assert (rule.weight_decay, rule.moments, rule.n_steps) == (0.25, [], 0)
    assert rule.average is not None
    assert recipe(solver=solver).rule.average is None


@every_solver
@pytest.mark.parametrize("one_pass", [False, True])
def test_one_pass_is_said_by_the_caller(solver, one_pass):
    made = recipe(one_pass, solver=solver)
    assert made.one_pass is one_pass
    assert replace(made, one_pass=not one_pass).one_pass is not one_pass
    assert made.one_pass is one_pass
