"""A look inside the estimators for tables: gradients, contrasts of levels, layers."""

import numpy as np
import pytest
from scipy import sparse

from skbackprop import BackpropClassifier, TabularClassifier, TabularRegressor
from skbackprop.inspection import input_gradient, layer_outputs, level_contrasts
from skbackprop.losses import GaussianNLL, Quantile

pd = pytest.importorskip("pandas")

N = 200
RNG = np.random.default_rng(0)

# Of each number: how far to go for a numerical derivative, in a unit of the gradient.
STEPS = {"size": 30.0, "price": 1e-3, "part": 0.5, "when": 1e-3, "took": 100.0}
X = pd.DataFrame(
    {
        "kind": RNG.choice(["a", "b", "c"], N),
        "size": RNG.normal(size=N) * 1e4,
        "price": RNG.exponential(size=N),
        "part": RNG.normal(size=N) * 50,
        "same": 1.5,
        # Half an hour after full hours, so that no step changes the hour.
        "when": pd.date_range("2024-01-01 00:30", periods=N, freq="7h"),
        "took": pd.to_timedelta(RNG.integers(0, 10**6, N), unit="s"),
        "soil": RNG.choice(["clay", "sand", None], N),
    }
)
X.loc[::5, "part"] = np.nan
X.loc[1::7, "when"] = pd.NaT
SCORE = np.sin(X["size"] / 5e3) + X["price"] + 2 * (X["kind"] == "a") - (X["soil"] == "clay")
NAMES = list(X)


# Smooth functions of the numbers, which have numerical derivatives everywhere.
OPTIONS = {
    "n_members": 3,
    "hidden_layer_sizes": (8, 8),
    "min_steps": 100,
    "embedding": [None, "periodic"],
    "random_state": 0,
}


def classifier(**parameters):
    return TabularClassifier(**OPTIONS | parameters)


def regressor(**parameters):
    return TabularRegressor(**OPTIONS | parameters)


# A model, its target, and all outputs of each kind, by its public methods.
COLUMNS = np.column_stack([np.where(SCORE > 1, "yes", "no"), np.digitize(SCORE, [0, 2])])
TASKS = {
    "number": (regressor(), 1e5 * SCORE, {"raw": "predict", "prediction": "predict"}),
    "numbers": (
        regressor(embedding=None),
        np.column_stack([SCORE, -100 * SCORE]),
        {"raw": "predict", "prediction": "predict"},
    ),
    "counts": (regressor(loss="poisson"), np.floor(np.exp(SCORE)), {"prediction": "predict"}),
    "quantiles": (
        regressor(loss=Quantile((0.01, 0.99)), min_steps=200),
        np.column_stack([SCORE, 1e3 * SCORE]),
        {"raw": "predict"},
    ),
    "two classes": (
        classifier(),
        np.where(SCORE > 1, "yes", "no"),
        {"raw": "decision_function", "probability": "predict_proba"},
    ),
    "classes": (
        classifier(embedding="periodic"),
        np.digitize(SCORE, [0, 2]),
        {"raw": "decision_function", "probability": "predict_proba"},
    ),
    "labels": (
        classifier(),
        np.column_stack([SCORE > 1, SCORE > 2]).astype(int),
        {"raw": "decision_function", "probability": "predict_proba"},
    ),
    "label columns": (
        classifier(),
        COLUMNS,
        {"raw": "decision_function", "probability": "predict_proba"},
    ),
}
CASES = [(task, of) for task, (_, _, methods) in TASKS.items() for of in methods]
FITTED = {}


def fitted(task):
    """The fitted model of a task, which no test changes."""
    if task not in FITTED:
        model, y, _ = TASKS[task]
        FITTED[task] = model.fit(X, y)
    return FITTED[task]


def outputs(task, of, X):
    """The default outputs by public methods, of shape (n_samples, n_outputs)."""
    model = fitted(task)
    found = getattr(model, TASKS[task][2][of])(X)
    found = found if isinstance(found, list) else [found]
    if of == "probability":
        classes = model.classes_ if len(found) > 1 else [model.classes_]
        has_two = [len(each) == 2 and task != "labels" for each in classes]
        found = [p[:, 1:] if two else p for p, two in zip(found, has_two, strict=True)]
    return np.hstack([each.reshape(len(X), -1) for each in found])


def moved(X, distance):
    """The table with each number a distance away, in the units of ``STEPS``; one for each row."""
    X = X.copy()
    for (name, step), along in zip(STEPS.items(), distance.T, strict=True):
        units = along * step
        if name == "when":
            units = pd.to_timedelta(np.round(units * 86400e6), unit="us")
        if name == "took":
            units = pd.to_timedelta(units, unit="s")
        X[name] = X[name] + units
    return X


def differences(function, X, directions):
    """Derivatives along a direction for each row, by a stencil of five points."""
    total = 0.0
    for place, weight in ((1, 8), (2, -1)):
        steps = place * directions
        total = total + weight * (function(moved(X, steps)) - function(moved(X, -steps)))
    return total / 12


# ---- input_gradient


@pytest.mark.parametrize(("task", "of"), CASES)
def test_input_gradient_is_that_of_the_ensemble_in_the_units_of_the_table(task, of):
    model = fitted(task)
    gradient = input_gradient(model, X, of=of).reshape(N, -1, len(NAMES))
    numbers = gradient[:, :, [NAMES.index(name) for name in STEPS]]
    for seed in range(3):
        directions = np.random.default_rng(seed).uniform(-1, 1, size=(N, len(STEPS)))
        expected = differences(lambda X: outputs(task, of, X), X, directions)
        along = np.nansum(numbers * (directions * [*STEPS.values()])[:, np.newaxis], axis=2)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(along, expected, rtol=2e-3, atol=2e-3 * scale)


@pytest.mark.parametrize(("make", "of"), [(classifier, "probability"), (regressor, "prediction")])
def test_input_gradient_of_piecewise_linear_encodings(make, of):
    """Where no bin or knot is near, which is in most rows."""
    model = make(n_members=4, embedding="auto").fit(
        X, 1e5 * SCORE if make is regressor else SCORE > 1
    )
    predict = getattr(model, "predict_proba", model.predict)
    gradient = input_gradient(model, X, of=of)
    directions = 1e-3 * np.random.default_rng(0).uniform(-1, 1, size=(N, len(STEPS)))
    expected = differences(lambda X: predict(X).reshape(N, -1)[:, -1], X, directions)
    numbers = gradient[:, [NAMES.index(name) for name in STEPS]]
    along = np.nansum(numbers * (directions * [*STEPS.values()]), axis=1)
    close = np.isclose(along, expected, rtol=1e-2, atol=1e-2 * np.abs(expected).max())
    assert close.mean() > 0.9


def test_what_has_no_gradient_is_nan_and_what_does_not_vary_is_zero():
    gradient = input_gradient(fitted("number"), X)
    missing = X.isna().to_numpy() | np.isin(NAMES, ["kind", "soil"])
    np.testing.assert_array_equal(np.isnan(gradient), missing)
    assert not gradient[:, NAMES.index("same")].any()


def test_one_output_of_several():
    model = fitted("label columns")
    every = input_gradient(model, X, of="probability")
    names = [(0, "yes"), (1, "0"), (1, "1"), (1, "2")]
    for k, name in enumerate(names):
        one = input_gradient(model, X, output=name, of="probability")
        np.testing.assert_array_equal(one, every[:, k])
    with pytest.raises(ValueError, match="is unknown; allowed are"):
        input_gradient(model, X, output="yes")
    with pytest.raises(ValueError, match="of must be 'raw' or 'probability'"):
        input_gradient(model, X, of="prediction")


def test_both_raw_outputs_of_a_normal_distribution():
    model = regressor(loss=GaussianNLL()).fit(X[:100], 1e4 * SCORE[:100])
    gradient = input_gradient(model, X)
    assert gradient.shape == (N, 2, len(NAMES))
    directions = np.eye(len(STEPS))[np.ones(N, int)]  # along the price
    expected = differences(model.predict, X, directions) / STEPS["price"]
    found = gradient[:, 0, NAMES.index("price")]
    np.testing.assert_allclose(found, expected, atol=2e-3 * abs(found).max())
    # Of the logarithm of the variance of a standardised target: no matter in which units.
    same = regressor(loss=GaussianNLL()).fit(X[:100], SCORE[:100])
    np.testing.assert_allclose(input_gradient(same, X)[:, 1], gradient[:, 1], rtol=1e-3, atol=1e-5)


def test_members_contribute_equally():
    model = fitted("number")
    alone = []
    for member in model.members_:
        one = regressor(n_members=1).fit(X, SCORE)
        vars(one).update(vars(model) | {"members_": [member], "member_weights_": np.ones(1)})
        alone.append(input_gradient(one, X))
    np.testing.assert_allclose(input_gradient(model, X), np.mean(alone, axis=0), rtol=1e-6)


@pytest.mark.parametrize(("make", "of"), [(classifier, "probability"), (regressor, "prediction")])
def test_members_contribute_by_their_weights(make, of):
    model = make(n_members=2).fit(X, SCORE if make is regressor else SCORE > 1)
    even = input_gradient(model, X, of=of)
    model.member_weights_ = np.array([0.9, 0.1])
    predict = getattr(model, "predict_proba", model.predict)
    directions = np.random.default_rng(0).uniform(-1, 1, size=(N, len(STEPS)))
    expected = differences(lambda X: predict(X).reshape(N, -1)[:, -1], X, directions)
    gradient = input_gradient(model, X, of=of)
    numbers = gradient[:, [NAMES.index(name) for name in STEPS]]
    along = np.nansum(numbers * directions * [*STEPS.values()], axis=1)
    np.testing.assert_allclose(along, expected, rtol=2e-3, atol=2e-3 * np.abs(expected).max())
    assert not np.allclose(gradient, even, equal_nan=True)


@pytest.mark.parametrize("make", [sparse.csr_array, np.asarray])
def test_gradients_of_a_sparse_table(make):
    S = sparse.random_array((60, 8), density=0.3, random_state=0, format="csr")
    model = regressor().fit(S, S.sum(axis=1))
    dense = S.toarray()
    rng = np.random.default_rng(1)
    directions = rng.normal(size=S.shape)
    expected = 0.0
    for place, weight in ((1, 8), (2, -1)):
        step = place * 0.01 * directions
        expected = expected + weight * (model.predict(dense + step) - model.predict(dense - step))
    gradient = input_gradient(model, S if make is sparse.csr_array else dense)
    np.testing.assert_allclose(
        (gradient * directions).sum(axis=1), expected / 0.12, atol=1e-3 * abs(expected).max()
    )


def test_sparse_rows_after_a_dense_fit():
    dense = np.random.default_rng(0).normal(size=(60, 4))
    model = regressor().fit(dense, dense[:, 0])
    np.testing.assert_array_equal(
        input_gradient(model, sparse.csr_array(dense)), input_gradient(model, dense)
    )


def test_tables_of_categories_alone_or_without_anything_that_varies():
    model = regressor().fit(X[["kind", "soil"]], SCORE)
    assert np.isnan(input_gradient(model, X[["kind", "soil"]])).all()
    model = regressor().fit(np.ones((20, 2)), np.arange(20.0))
    assert not input_gradient(model, np.zeros((3, 2))).any()


def test_gradients_of_a_table_of_many_rows():
    rows = np.arange(3000) % N
    model = fitted("classes")
    many = input_gradient(model, X.iloc[rows])
    np.testing.assert_allclose(many, input_gradient(model, X)[rows], rtol=1e-9, atol=1e-12)


# ---- level_contrasts


@pytest.mark.parametrize(("task", "of"), CASES)
@pytest.mark.parametrize("feature", ["kind", "soil"])
def test_level_contrasts_are_differences_of_predictions(task, of, feature):
    found = level_contrasts(fitted(task), X, feature, of=of)
    own = outputs(task, of, X)
    contrasts = found.contrasts.reshape(N, own.shape[1], -1)
    levels = {"kind": ["a", "b", "c"], "soil": ["clay", "sand", None]}[feature]
    assert list(found.levels) == levels
    for k, level in enumerate(levels):
        changed = X.assign(**{feature: pd.Series([level] * N, dtype=object)})
        expected = outputs(task, of, changed) - own
        scale = np.abs(own).max()
        np.testing.assert_allclose(contrasts[:, :, k], expected, rtol=1e-6, atol=1e-9 * scale)
        is_own = X[feature].isna() if level is None else X[feature] == level
        assert not contrasts[is_own, :, k].any()


def test_contrasts_of_one_output_and_of_a_feature_by_its_position():
    model = fitted("classes")
    every = level_contrasts(model, X[:9], "kind", of="probability")
    one = level_contrasts(model, X[:9], 0, output=1, of="probability")
    np.testing.assert_array_equal(one.contrasts, every.contrasts[:, 1])
    assert every.contrasts.shape == (9, 3, 3)


def test_rare_and_unseen_levels_are_one():
    kinds = np.array(["a"] * 60 + ["b"] * 60 + ["rare"] * 3)
    frame = pd.DataFrame({"kind": kinds})
    model = regressor().fit(frame, kinds == "rare")
    found = level_contrasts(model, pd.DataFrame({"kind": ["a", "never seen"]}), "kind")
    assert list(found.levels) == ["a", "b", "infrequent_sklearn"]
    assert found.contrasts[1, 2] == 0
    assert found.contrasts[0, 2] > 0


@pytest.mark.parametrize("feature", ["size", "no such", 1, 99, None, True])
def test_features_that_are_no_categories(feature):
    with pytest.raises(ValueError, match=r"is not a categorical feature.*\['kind', 'soil'\]"):
        level_contrasts(fitted("number"), X, feature)


def test_level_contrasts_are_for_tables():
    net = BackpropClassifier((3,), solver="lbfgs").fit(np.eye(4), [0, 1, 0, 1])
    with pytest.raises(TypeError, match="BackpropClassifier, which has no categorical features"):
        level_contrasts(net, np.eye(4), 0)


# ---- layers


def test_layer_outputs_are_those_of_each_member():
    model = fitted("classes")  # with an embedding
    layers = layer_outputs(model, X)
    assert [[H.shape[1] for H in member] for member in layers] == [[41, 8, 8]] * 3
    raws = []
    for member, (*_, last) in zip(model.members_, layers, strict=True):
        coef, intercept = member.network.coefs[-1], member.network.intercepts[-1]
        raws.append(last @ coef.astype(float) + intercept)
    np.testing.assert_allclose(np.mean(raws, axis=0), model.decision_function(X), rtol=1e-6)


def test_looking_changes_nothing():
    model = fitted("number")
    before, names = model.predict(X), set(vars(model))
    input_gradient(model, X)
    level_contrasts(model, X, "kind")
    layer_outputs(model, X)
    np.testing.assert_array_equal(model.predict(X), before)
    assert set(vars(model)) == names


@pytest.mark.parametrize(
    "look",
    [input_gradient, layer_outputs, lambda model, X: level_contrasts(model, X, "kind")],
    ids=["input_gradient", "layer_outputs", "level_contrasts"],
)
def test_tables_that_are_refused(look):
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError):
        look(regressor(), X)
    model = fitted("number")
    with pytest.raises(ValueError, match="feature names"):
        look(model, X[NAMES[::-1]])
    with pytest.raises(ValueError, match="'size' holds strings"):
        look(model, X.assign(size="large"))
    with pytest.raises(TypeError, match="'when' holds numbers"):
        look(model, X.assign(when=1.0))
