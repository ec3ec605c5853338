"""How the networks of a table see its numbers: names, lists, limits, what they are good for."""

import numpy as np
import pytest
from scipy import sparse, stats

from skbackprop import TabularClassifier, TabularRegressor
from skbackprop.network import NormalScores, PeriodicEmbedding, PiecewiseLinearEncoding
from skbackprop.tabular.embeddings import EMBEDDINGS, normal_knots

RNG = np.random.default_rng(0)
X = RNG.normal(size=(400, 3))
Y = np.sign(X[:, 0]) + X[:, 1]
QUICK = {"n_members": 2, "hidden_layer_sizes": (16,), "max_iter": 20, "random_state": 0}

KINDS = {
    None: [],
    "periodic": [PeriodicEmbedding],
    "quantile_bins": [PiecewiseLinearEncoding],
    "tree_bins": [PiecewiseLinearEncoding],
    "normal_scores": [NormalScores],
    "normal_scores_periodic": [NormalScores, PeriodicEmbedding],
}


def kinds_of_layers(model):
    """Of each member, the kinds of the layers below the dense ones."""
    return [
        [
            type(layer)
            for layer in member.network.network.layers
            if not hasattr(layer, "activation")
        ]
        for member in model.members_
    ]


def test_every_name_has_its_layers():
    assert set(KINDS) == {None, *EMBEDDINGS}


@pytest.mark.parametrize("name", KINDS)
def test_layers_by_name(name):
    model = TabularRegressor(embedding=name, **QUICK).fit(X, Y)
    assert kinds_of_layers(model) == [KINDS[name]] * 2
    assert model.score(X, Y) > 0.5


@pytest.mark.parametrize("cls", [TabularClassifier, TabularRegressor])
def test_members_take_the_entries_of_a_list_one_after_another(cls):
    names = ["tree_bins", None, "periodic"]
    model = cls(embedding=names, **QUICK | {"n_members": 5}).fit(X, Y > 0)
    assert kinds_of_layers(model) == [KINDS[names[i % 3]] for i in range(5)]
    assert kinds_of_layers(cls(embedding=tuple(names), **QUICK).fit(X, Y > 0)) == [
        KINDS["tree_bins"],
        [],
    ]


def test_auto_is_four_views():
    settings = QUICK | {"n_members": 4}
    for cls in (TabularClassifier, TabularRegressor):
        found = kinds_of_layers(cls(**settings).fit(X, Y > 0))
        assert len({tuple(kinds) for kinds in found}) >= 3


@pytest.mark.parametrize("bad", [[], ["waves"], "bins", ["auto"], 3, [["periodic"]]])
def test_other_embeddings_are_refused(bad):
    model = TabularRegressor(**QUICK)
    with pytest.raises(ValueError, match="embedding"):
        model.set_params(embedding=bad).fit(X, Y)
    assert not hasattr(model, "members_")


@pytest.mark.parametrize("name", EMBEDDINGS)
@pytest.mark.parametrize(
    "table",
    [
        np.ones((40, 2)),
        np.arange(80.0).reshape(40, 2) % 2,
        sparse.random(40, 5, density=0.4, format="csr", random_state=0),
        RNG.normal(size=(40, 300)),
        RNG.standard_cauchy((40, 2)) * 1e30,
        RNG.normal(size=(3, 2)),
    ],
    ids=["constant", "two values", "sparse", "many columns", "heavy tails", "three rows"],
)
def test_tables_without_much_to_see(name, table):
    y = np.arange(table.shape[0]) % 3
    model = TabularRegressor(embedding=name, **QUICK).fit(table, y)
    assert np.isfinite(model.predict(table)).all()


def test_more_columns_have_fewer_bins():
    """So that a table of hundreds of columns does not take ten times as long."""
    widths = []
    for n_columns in (4, 100, 600):
        table = RNG.normal(size=(100, n_columns))
        model = TabularRegressor(embedding="quantile_bins", **QUICK).fit(table, table[:, 0])
        units = model.members_[0].network.layer_units
        widths.append(units[1] - units[0] if len(units) == 4 else 0)
    assert widths == [4 * 16, 100 * 10, 0]


def test_knots_have_the_scores_of_their_ranks():
    x = RNG.standard_cauchy(10_001)
    knots, scores = normal_knots(x, 25)
    ranks = stats.rankdata(x) / (len(x) + 1)
    inner = np.abs(scores) < 2.5
    share = np.interp(knots, np.sort(x), np.sort(ranks))
    np.testing.assert_allclose(stats.norm.ppf(share[inner]), scores[inner], atol=0.02)


def test_a_value_of_many_rows_has_one_score():
    x = np.concatenate([np.zeros(50), np.linspace(1, 2, 50)])
    knots, scores = normal_knots(x, 25)
    assert (np.diff(knots) > 0).all()
    assert (np.diff(scores) > 0).all()
    assert knots[0] == 0


def test_steps_are_learned_from_few_rows():
    """Which needs bins: a smooth function of a number has no steps."""
    rng = np.random.default_rng(1)
    table = rng.uniform(size=(600, 4))
    y = np.floor(8 * table[:, 0]) % 2 + 0.1 * rng.normal(size=600)
    scores = {
        name: TabularRegressor(embedding=name, random_state=0, n_members=1)
        .fit(table[:300], y[:300])
        .score(table[300:], y[300:])
        for name in (None, "tree_bins")
    }
    assert scores["tree_bins"] > scores[None] + 0.1


def test_units_of_a_number_do_not_matter():
    """Bins and knots are those of its ranks; scaling takes the unit away."""
    settings = QUICK | {"n_members": 4}
    model = TabularRegressor(**settings).fit(X, Y)
    other = TabularRegressor(**settings).fit(1000 * X + 3, Y)
    np.testing.assert_allclose(other.predict(1000 * X + 3), model.predict(X), rtol=1e-3, atol=1e-3)
