"""A network in a line, in a table, and in a notebook."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

rng = np.random.default_rng(0)
X, digits = rng.normal(size=(100, 64)), np.arange(100) % 10
LINE = "64 -> 100 relu -> 10 softmax, 7,510 parameters"


def test_summary_has_a_row_for_each_layer():
    net = BackpropClassifier(max_iter=2).fit(X, digits)
    line, empty, *table = net.summary().splitlines()
    assert line == LINE
    assert empty == ""
    assert [row.split() for row in table] == [
        ["layer", "units", "activation", "weights", "parameters"],
        ["input", "64"],
        ["hidden", "1", "100", "relu", "64", "x", "100", "6,500"],
        ["output", "10", "softmax", "100", "x", "10", "1,010"],
    ]


@pytest.mark.parametrize(
    ("net", "y", "line"),
    [
        (BackpropClassifier((), max_iter=2), digits > 4, "64 -> 1 logistic, 65 parameters"),
        (
            BackpropRegressor((3, 2), activation="tanh", max_iter=2),
            X[:, :2],
            "64 -> 3 tanh -> 2 tanh -> 2 identity, 209 parameters",
        ),
        (BackpropRegressor((1,), loss="poisson", max_iter=2), digits, "64 -> 1 relu -> 1 exp, 67"),
    ],
)
def test_the_network_in_a_line(net, y, line):
    net.fit(X, y)
    assert net.summary().startswith(line)
    n_parameters = sum(array.size for array in [*net.coefs_, *net.intercepts_])
    assert f"{n_parameters} parameters" in net.summary()


def test_summary_needs_a_fit():
    with pytest.raises(NotFittedError):
        BackpropClassifier().summary()


def test_a_notebook_shows_the_line():
    html = LINE.replace(">", "&gt;")
    net = BackpropClassifier(max_iter=2)
    assert "caption" not in net._repr_html_().split("</style>")[1]
    net.fit(X, digits)
    assert html in net._repr_html_()
    assert html in estimator_html_repr(net)
    assert html in make_pipeline(StandardScaler(), net).fit(X, digits)._repr_html_()


# ---- tables

TABLE = {"n_members": 2, "hidden_layer_sizes": (5,), "max_iter": 3, "min_steps": 1}


@pytest.mark.parametrize(
    ("model", "y", "layers"),
    [
        (TabularClassifier, digits, "64 -> 5 silu -> 10 softmax, 385 parameters"),
        (TabularClassifier, X[:, :2] > 0, "64 -> 5 silu -> 2 logistic, 337 parameters"),
        (
            TabularClassifier,
            np.column_stack([digits, digits > 4]),
            "64 -> 5 silu -> 11 softmax, logistic, 391 parameters",
        ),
        (TabularRegressor, X[:, 0], "64 -> 5 silu -> 1 identity, 331 parameters"),
    ],
)
def test_summary_of_a_table_has_a_line_for_each_network(model, y, layers):
    table = model(**TABLE, embedding=None, random_state=0).fit(X, y)
    for number, (line, member) in enumerate(
        zip(table.summary().splitlines(), table.members_, strict=True), start=1
    ):
        assert line == f"Member {number}: {layers}, epoch {member.best_iter} of {member.n_iter}"


def test_summary_of_a_table_needs_a_fit():
    with pytest.raises(NotFittedError):
        TabularClassifier().summary()


def test_a_notebook_shows_the_networks_of_a_table():
    table = TabularClassifier(**TABLE, embedding=None, random_state=0)
    assert "caption" not in table._repr_html_().split("</style>")[1]
    table.fit(X, digits)
    line = "2 members, each 64 -&gt; 5 silu -&gt; 10 softmax, 385 parameters"
    assert line in table._repr_html_()
    assert line in make_pipeline(StandardScaler(), table).fit(X, digits)._repr_html_()


def test_a_notebook_shows_the_first_network_if_they_differ():
    table = TabularClassifier(**TABLE, embedding=[None, "quantile_bins"], random_state=0)
    table.fit(X, digits)
    assert "2 members, the first 64 -&gt; 5 silu -&gt; 10 softmax" in table._repr_html_()
