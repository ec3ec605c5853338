"""Categories of many levels as means of the target: which, their values, and that none leaks."""

import tracemalloc

import numpy as np
import pytest

from skbackprop import TabularClassifier, TabularRegressor
from skbackprop.data.coded import CodedTable
from skbackprop.inspection import level_contrasts
from skbackprop.tabular.preprocessing.category_means import CategoryMeans, _shrunk_means
from skbackprop.tabular.preprocessing.encoder import TableEncoder

pd = pytest.importorskip("pandas")

N = 600
RNG = np.random.default_rng(0)
LEVELS = RNG.integers(0, 30, N)
EFFECTS = RNG.normal(size=30)
FRAME = pd.DataFrame(
    {
        "x": RNG.normal(size=N),
        "many": pd.Categorical([f"level {i}" for i in LEVELS]),
        "few": pd.Categorical(RNG.choice(["a", "b", "c"], N)),
    }
)
NUMBERS = EFFECTS[LEVELS] + 0.1 * FRAME["x"].to_numpy()
QUICK = {"hidden_layer_sizes": (16,), "max_iter": 10, "min_steps": 50, "random_state": 0}


def test_means_are_shrunk_by_the_variance_between_levels():
    """By the formulas of a one-way analysis of variance, level by level."""
    level = np.append(LEVELS, [30, 31, 31])
    y = np.append(NUMBERS, [5.0, -3.0, -3.5])
    groups = [y[level == i] for i in range(32)]
    sizes = np.array([len(group) for group in groups])
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (len(y) - 32)
    squares = sum(len(group) * (group.mean() - y.mean()) ** 2 for group in groups)
    between = (squares - 31 * within) / (len(y) - (sizes**2).sum() / len(y))
    share = sizes * between / (sizes * between + within)
    expected = share * [group.mean() for group in groups] + (1 - share) * y.mean()
    found = _shrunk_means(level, y[:, np.newaxis], np.ones((len(y), 1)))
    np.testing.assert_allclose(found[:, 0], [*expected, y.mean()], rtol=1e-10)


def test_levels_that_say_nothing_are_nearly_the_same():
    y = RNG.normal(size=(N, 1))
    means = _shrunk_means(LEVELS, y, np.ones((N, 1)))
    raw = [y[LEVELS == i].mean() for i in range(30)]
    assert np.std(means) < 0.4 * np.std(raw)


def test_a_weight_of_two_is_a_row_twice():
    y, weight = NUMBERS[:, np.newaxis], RNG.integers(0, 3, (N, 1)).astype(float)
    twice = np.repeat(np.arange(N), weight[:, 0].astype(int))
    once = _shrunk_means(LEVELS, y, weight)
    repeated = _shrunk_means(LEVELS[twice], y[twice], np.ones((len(twice), 1)))
    np.testing.assert_allclose(once, repeated, rtol=1e-10)


@pytest.mark.parametrize("unit", [1 / N, 1e-300, 1e300])
def test_the_unit_of_the_weights_does_not_matter(unit):
    """Weights that add up to 1 are no fewer rows: levels would look as if they were all alike."""
    y, weight = EFFECTS[LEVELS] + RNG.normal(size=N), RNG.uniform(1, 2, N)
    found = [
        CategoryMeans.fitted_to(coded(LEVELS), y[:, np.newaxis], factor * weight)
        for factor in (1, unit)
    ]
    (means, of_rows), (others, of_rows_too) = found
    np.testing.assert_allclose(others.of_levels, means.of_levels, rtol=1e-10)
    np.testing.assert_allclose(of_rows_too, of_rows, rtol=1e-6)


def test_equal_weights_are_none():
    y = NUMBERS[:, np.newaxis]
    weighted = CategoryMeans.fitted_to(coded(LEVELS), y, np.full(N, 3.0))[1]
    unweighted = CategoryMeans.fitted_to(coded(LEVELS), y, None)[1]
    np.testing.assert_allclose(weighted, unweighted, rtol=1e-6)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_means_of_extreme_targets_are_finite(scale):
    with np.errstate(all="raise"):
        means = _shrunk_means(LEVELS, scale * NUMBERS[:, np.newaxis], np.ones((N, 1)))
    assert np.isfinite(means).all()


def coded(*levels):
    """A table of categories without columns, by their levels."""
    levels, none = np.stack(levels, axis=1), np.zeros(0)
    return CodedTable(np.empty((len(levels), 0)), levels, none, none, levels)


def test_the_target_of_a_row_is_not_in_its_own_mean():
    """Of levels that have hardly two rows, in-sample means would predict the target."""
    levels, y = RNG.integers(0, N // 2, N), RNG.normal(size=(N, 1))
    _, of_rows = CategoryMeans.fitted_to(coded(levels), y, None)
    assert abs(np.corrcoef(of_rows[:, 0], y[:, 0])[0, 1]) < 0.15


def test_only_categories_of_more_than_eight_levels_have_means():
    table = coded(RNG.integers(0, 8, N), RNG.integers(0, 9, N))
    means, of_rows = CategoryMeans.fitted_to(table, NUMBERS[:, np.newaxis], None)
    assert means.categories.tolist() == [1]
    assert of_rows.shape == (N, 1)
    classes = np.arange(N)[:, np.newaxis] % 9  # as many columns as levels
    assert CategoryMeans.fitted_to(table, classes, None)[0].n_means == 0


@pytest.mark.parametrize(
    ("targets", "n_means"),
    [
        (NUMBERS[:, np.newaxis], 1),
        ((NUMBERS > 0).astype(int)[:, np.newaxis], 1),
        (np.digitize(NUMBERS, [-1, 0, 1])[:, np.newaxis], 4),
        (np.stack([NUMBERS > 0, NUMBERS > 1], axis=1).astype(int), 2),
        (np.zeros((N, 1)), 0),
    ],
    ids=["numbers", "two classes", "four classes", "labels", "constant"],
)
def test_columns_by_target(targets, n_means):
    means, of_rows = CategoryMeans.fitted_to(coded(LEVELS), targets, None)
    assert means.n_means == of_rows.shape[1] == n_means


def test_unknown_levels_have_the_mean_of_all():
    means, _ = CategoryMeans.fitted_to(coded(LEVELS), NUMBERS[:, np.newaxis], None)
    unknown, known = means.of_rows(coded(np.array([-1, 3])))
    # Scaling keeps the order: the mean of all is between the lowest and the highest.
    of_levels = means.of_rows(coded(np.arange(30)))
    assert of_levels.min() < unknown[0] < of_levels.max()
    assert known[0] == of_levels[3, 0]


def test_missing_targets_do_not_count():
    y = np.stack([NUMBERS, -NUMBERS], axis=1)
    weight = np.ones_like(y)
    weight[::2, 1] = 0
    found = []
    for other in (0.0, 1e6):
        y[::2, 1] = other
        found.append(CategoryMeans.fitted_to(coded(LEVELS), y, weight)[0].of_levels[0])
    np.testing.assert_array_equal(*found)


def test_means_of_rows_take_the_memory_of_the_inputs():
    """Many classes and categories give many columns, which the networks see in float32."""
    table, classes = coded(LEVELS), np.digitize(NUMBERS, [-1, 0, 1])[:, np.newaxis]
    means, of_rows = CategoryMeans.fitted_to(table, classes, None)
    assert of_rows.dtype == means.of_rows(table).dtype == np.float32
    assert CategoryMeans.none().of_rows(table).dtype == np.float32


# ---- in the estimators


def networks_see(model):
    """How many inputs networks with means see, and those without."""
    preprocessing = model._preprocessing
    return [len(preprocessing.inputs_seen(with_means)) for with_means in (True, False)]


@pytest.mark.parametrize("cls", [TabularClassifier, TabularRegressor])
def test_networks_see_means_or_columns(cls):
    y = NUMBERS if cls is TabularRegressor else np.digitize(NUMBERS, [-1, 1])
    model = cls(2, **QUICK).fit(FRAME, y)
    n_means = 1 if cls is TabularRegressor else 3
    assert networks_see(model) == [1 + n_means + 3, 1 + 30 + 3]
    assert model.score(FRAME, y) > 0.5


def test_a_level_that_says_nothing_does_no_harm():
    """51 levels without meaning cost more than all else says, as columns of 0 and 1."""
    rng = np.random.default_rng(1)
    X = pd.DataFrame(rng.normal(size=(1500, 3)))
    X.columns = ["a", "b", "c"]
    X["level"] = pd.Categorical(rng.integers(0, 51, 1500))
    y = X["a"] * X["b"] + rng.normal(size=1500)
    settings = {"n_members": 1, "random_state": 0, "embedding": None}
    with_means = TabularRegressor(**settings).fit(X[:750], y[:750]).score(X[750:], y[750:])
    without = TabularRegressor(**settings).fit(X.iloc[:750, :3], y[:750])
    assert with_means > without.score(X.iloc[750:, :3], y[750:]) - 0.05


def test_rare_levels_have_means():
    """Three rows a level, which has no column of its own."""
    rng = np.random.default_rng(1)
    level, effects = rng.integers(0, 1000, 4000), rng.normal(size=1000)
    X = pd.DataFrame({"level": pd.Categorical(level), "x": rng.normal(size=4000)})
    y = 2 * effects[level] + X["x"].to_numpy()
    model = TabularRegressor(1, **QUICK | {"embedding": None}).fit(X[:3000], y[:3000])
    without = TabularRegressor(2, **QUICK).partial_fit(X[:3000], y[:3000])
    assert without.score(X[3000:], y[3000:]) < 0.4
    assert model.score(X[3000:], y[3000:]) > 0.6


def test_a_row_is_encoded_without_a_copy_of_all_levels():
    """Copying 5000 of them took longer than the prediction of the row."""
    X = pd.DataFrame({"level": pd.Categorical(np.arange(15_000) % 5000)})
    encoder, row = TableEncoder().fit(X), pd.DataFrame({"level": ["3"]})
    encoder._encode(row)
    tracemalloc.start()
    encoder._encode(row)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000


def test_partial_fit_has_no_means():
    """A part of the data does not tell them."""
    model = TabularRegressor(2, **QUICK).partial_fit(FRAME, NUMBERS)
    assert networks_see(model) == [34, 34]


def test_warm_start_keeps_the_means():
    model = TabularRegressor(2, **QUICK, warm_start=True).fit(FRAME, NUMBERS)
    before = model._preprocessing.means.of_levels
    model.fit(FRAME[::-1], -NUMBERS)
    assert model._preprocessing.means.of_levels is before


def test_contrasts_of_levels_are_differences_of_predictions():
    frame = FRAME[["few", "many", "x"]]  # columns of another category come first
    model = TabularRegressor(2, **QUICK).fit(frame, NUMBERS)
    found = level_contrasts(model, frame.head(5), "many", of="prediction")
    assert len(found.levels) == 30
    for level, contrast in zip(found.levels, found.contrasts.T, strict=True):
        changed = model.predict(frame.head(5).assign(many=level))
        difference = changed - model.predict(frame.head(5))
        np.testing.assert_allclose(contrast, difference, rtol=1e-6, atol=1e-6)


def test_missing_levels_and_new_ones():
    X = FRAME.astype({"many": object})
    X.loc[::7, "many"] = None
    model = TabularRegressor(2, **QUICK).fit(X, NUMBERS)
    new = X.head(3).assign(many=["never seen", None, "level 3"])
    assert np.isfinite(model.predict(new)).all()
