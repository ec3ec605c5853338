"""Estimators for tables that are trained further: ``partial_fit`` and ``warm_start``."""

import pickle

import numpy as np
import pytest
from mistakes import assert_refused
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from threadpoolctl import threadpool_limits

from skbackprop import TabularClassifier, TabularRegressor
from skbackprop.activations import from_functions

X, y = load_iris(return_X_y=True)
NUMBERS = 1000 + 100 * np.sin(X[:, 0]) * X[:, 1]
COLUMNS = np.column_stack([np.array(["a", "b", "c"])[y], np.array(["x", "y"])[(y > 0) * 1]])
QUICK = {
    "n_members": 2,
    "hidden_layer_sizes": (8,),
    "batch_size": 128,  # 'auto' has another value for classes
    "max_iter": 6,
    "min_steps": 0,
    "random_state": 0,
}


def classifier(**parameters):
    return TabularClassifier(**(QUICK | parameters))


def regressor(**parameters):
    return TabularRegressor(**(QUICK | parameters))


BUILDS = {"classifier": (classifier, y), "regressor": (regressor, NUMBERS)}
each_kind = pytest.mark.parametrize(("build", "target"), BUILDS.values(), ids=BUILDS)


def fit(*args):
    return lambda model: model.fit(*args)


def part(*args, **kwargs):
    return lambda model: model.partial_fit(*args, **kwargs)


def first_call(model, X, target):
    """The first call of ``partial_fit``, with the classes where they are needed."""
    declared = {"classes": [0, 1, 2]} if isinstance(model, TabularClassifier) else {}
    return model.partial_fit(X, target, **declared)


def after_calls(model, n_calls, target):
    """The model after some calls of ``partial_fit`` with the same rows."""
    first_call(model, X, target)
    for _ in range(n_calls - 1):
        model.partial_fit(X, target)
    return model


def arrays_of(model):
    """All parameters of the networks."""
    return [a for member in model.members_ for layer in member.network.layers for a in layer]


def assert_same_networks(one, other):
    for a, b in zip(arrays_of(one), arrays_of(other), strict=True):
        np.testing.assert_array_equal(a, b)


# ---- partial_fit


@each_kind
@pytest.mark.parametrize("min_steps", [0, 20])
def test_calls_with_the_same_rows_are_a_fit_without_validation(build, target, min_steps):
    fitted = build(validation_fraction=0, min_steps=min_steps).fit(X, target)
    n_calls = fitted.n_iter_
    assert n_calls == (6 if min_steps == 0 else 20)
    model = after_calls(build(min_steps=min_steps), n_calls, target)
    assert_same_networks(model, fitted)
    assert model.loss_curve_ == fitted.loss_curve_
    assert (model.n_iter_, model.validation_loss_curve_) == (n_calls, None)


@each_kind
def test_networks_go_on_after_the_plan_and_after_a_fit(build, target):
    for model in (after_calls(build(), 6, target), build().fit(X, target)):
        n_iter, curve, score = model.n_iter_, list(model.loss_curve_), model.score(X, target)
        for _ in range(60):
            model.partial_fit(X, target)
        assert model.n_iter_ == n_iter + 60
        assert model.loss_curve_[: len(curve)] == curve
        assert len(model.loss_curve_) == n_iter + 60
        assert model.score(X, target) > score


def test_after_a_fit_steps_are_small():
    rows, new = np.arange(150) % 3 > 0, np.arange(150) % 3 == 0
    model = classifier(min_steps=300).fit(X[rows], y[rows])
    for i in np.flatnonzero(new):  # one row at a time, as a stream has them
        model.partial_fit(X[[i]], y[[i]])
    assert model.score(X, y) > 0.93


def test_the_first_call_says_how_the_table_is_encoded_and_scaled():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"x": X[:, 0], "kind": np.array(["a", "b", "c"])[y]})
    model = regressor().partial_fit(frame[y < 2], NUMBERS[y < 2])
    encoder, scaler, center, scale = (
        model.encoder_, model.scaler_, model.center_.copy(), model.scale_.copy()
    )  # fmt: skip
    np.testing.assert_allclose(center, NUMBERS[y < 2].mean())
    model.partial_fit(frame[y == 2].assign(x=1e6), 10 * NUMBERS[y == 2])
    assert model.encoder_ is encoder
    assert model.scaler_ is scaler
    np.testing.assert_array_equal(model.center_, center)
    np.testing.assert_array_equal(model.scale_, scale)
    assert np.isfinite(model.predict(frame)).all()


def test_names_of_features_are_as_first_learnt():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = regressor(warm_start=True).fit(frame, NUMBERS, X_val=frame[:50], y_val=NUMBERS[:50])
    model.partial_fit(frame, NUMBERS).fit(frame, NUMBERS)
    np.testing.assert_array_equal(model.feature_names_in_, list("abcd"))
    renamed = frame.rename(columns={"a": "z"})
    for action in (fit(renamed, NUMBERS), part(renamed, NUMBERS)):
        assert "feature names should match" in str(assert_refused(model, action))


@each_kind
def test_pickles_between_calls_change_nothing(build, target):
    model, twin = after_calls(build(), 2, target), after_calls(build(), 2, target)
    for _ in range(3):
        twin = pickle.loads(pickle.dumps(twin.partial_fit(X, target)))
        model.partial_fit(X, target)
    assert_same_networks(model, twin)
    assert model.loss_curve_ == twin.loss_curve_


@each_kind
def test_only_what_can_go_on_is_larger_than_its_networks(build, target):
    plain = len(pickle.dumps(build(validation_fraction=0).fit(X, target)))
    model = after_calls(build(validation_fraction=0), 6, target)
    assert len(pickle.dumps(model)) > plain + 500
    # The order of attributes may differ, and with it the length of references in the pickle.
    assert abs(len(pickle.dumps(model.fit(X, target))) - plain) < 100
    assert vars(clone(model)).keys() == vars(build()).keys()


@each_kind
def test_the_number_of_threads_makes_no_difference(build, target):
    models = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            models.append(after_calls(build(n_members=3), 3, target).set_params(warm_start=True))
            models[-1].fit(X, target)
    assert_same_networks(*models)


def test_classes_are_declared_once():
    model = classifier().partial_fit(X[:40], y[:40], classes=[2, 1, 0])
    np.testing.assert_array_equal(model.classes_, [0, 1, 2])
    model.partial_fit(X, y).partial_fit(X, y, classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (150, 3)


def test_labels_of_other_kinds():
    labels = np.column_stack([y == 0, y < 2]).astype(int)
    model = classifier().partial_fit(X, labels).partial_fit(X[:5], labels[:5])
    assert model.predict(X).shape == labels.shape
    columns = [["a", "b", "c"], ["x", "y"]]
    model = classifier().partial_fit(X[:40], COLUMNS[:40], classes=columns)
    model.partial_fit(X, COLUMNS)
    assert [p.shape[1] for p in model.predict_proba(X)] == [3, 2]


def test_weights_of_rows_and_classes_count_in_a_call():
    twice = np.where(y == 1, 2.0, 1.0)
    by_rows, by_class = classifier(), classifier(class_weight={0: 1, 1: 2, 2: 1})
    by_rows.partial_fit(X, y, classes=[0, 1, 2], sample_weight=twice)
    by_class.partial_fit(X, y, classes=[0, 1, 2])
    assert_same_networks(by_rows, by_class)
    few = y < 2
    some, none = after_calls(classifier(), 1, y), after_calls(classifier(), 1, y)
    some.partial_fit(X, y, sample_weight=few * 1.0)
    none.partial_fit(X[few], y[few])
    assert_same_networks(some, none)


@pytest.mark.parametrize("later", [sparse.csr_matrix, np.asarray], ids=["sparse", "dense"])
def test_sparse_tables(later):
    model = first_call(classifier(), sparse.csr_matrix(X), y)
    twin = first_call(classifier(), sparse.csr_matrix(X), y)
    model.partial_fit(later(X), y)
    twin.partial_fit(sparse.csc_matrix(X), y)
    np.testing.assert_allclose(model.predict_proba(X), twin.predict_proba(X), rtol=1e-4)


def test_a_first_call_in_which_no_column_varies_is_warned_of():
    with pytest.warns(UserWarning, match="No column of X varies in the first call of partial_fit"):
        classifier().partial_fit(X[:1], y[:1], classes=[0, 1, 2])


# ---- warm_start


@each_kind
def test_a_warm_start_goes_on_from_the_networks(build, target):
    model = build(warm_start=True, max_iter=30).fit(X, target)
    n_iter, curve, encoder = model.n_iter_, list(model.loss_curve_), model.encoder_
    model.set_params(max_iter=1).fit(X, target)
    assert (model.n_iter_, model.encoder_) == (n_iter + 1, encoder)
    assert model.loss_curve_[:-1] == curve
    assert model.loss_curve_[-1] < 0.6 * curve[0]
    assert len(model.validation_loss_curve_) == n_iter + 1


def test_rows_for_validation_stay_so():
    model = regressor(warm_start=True).fit(X, NUMBERS)
    bests = [member.validation_losses[member.best_iter - 1] for member in model.members_]
    model.set_params(max_iter=1, learning_rate_init=1e-30).fit(X, NUMBERS)
    for member, best in zip(model.members_, bests, strict=True):
        np.testing.assert_allclose(member.validation_losses[-1], best, rtol=1e-6)


def test_validation_losses_of_calls_without_validation_are_nan():
    model = regressor().fit(X, NUMBERS).partial_fit(X, NUMBERS)
    assert np.isnan(model.validation_loss_curve_).tolist() == [False] * 6 + [True]
    model = regressor(warm_start=True).partial_fit(X, NUMBERS).fit(X, NUMBERS)
    assert np.isnan(model.validation_loss_curve_).tolist() == [True] + [False] * 6


@each_kind
def test_more_members_are_added_to_those_there_are(build, target):
    model = build(warm_start=True).fit(X, target)
    before = model.members_
    model.set_params(n_members=4).fit(X, target)
    assert model.members_[:2] == before
    assert_same_networks(model, build(n_members=4).fit(X, target))


@each_kind
def test_other_parameters_are_those_of_now(build, target):
    """Dropout is part of a network; the others are not."""
    model = build(warm_start=True, dropout=0.0).fit(X, target)
    twin = build(warm_start=True, dropout=0.0).fit(X, target)
    model.set_params(dropout=0.5).fit(X, target)
    twin.fit(X, target)
    assert model.loss_curve_[:6] == twin.loss_curve_[:6]
    assert model.loss_curve_[6:] != twin.loss_curve_[6:]


@each_kind
def test_without_warm_start_a_fit_begins_anew(build, target):
    model = after_calls(build(), 2, target)
    assert_same_networks(model.fit(X[:, :2], target), build().fit(X[:, :2], target))
    assert model.n_iter_ == 6


# ---- Ctrl-C and callbacks


class InterruptAfter:
    """The logistic function, whose use of this number is interrupted."""

    def __init__(self):
        self.n_left = np.inf

    def __call__(self, Z):
        self.n_left -= 1
        if self.n_left == 0:
            raise KeyboardInterrupt
        return 1 / (1 + np.exp(-Z))


def interruptible(**parameters):
    forward = InterruptAfter()
    activation = from_functions(forward, lambda Z: np.exp(-Z) / (1 + np.exp(-Z)) ** 2)
    return forward, regressor(activation=activation, embedding=None, **parameters)


def test_ctrl_c_in_a_call_changes_nothing():
    forward, model = interruptible()
    model.partial_fit(X, NUMBERS)
    before, curve = dict(vars(model)), list(model.loss_curve_)
    forward.n_left = 2  # a call has one step: in the second network
    with threadpool_limits(1), pytest.raises(KeyboardInterrupt):
        model.partial_fit(X, NUMBERS)
    assert vars(model) == before
    assert model.loss_curve_ == curve


def test_ctrl_c_in_a_warm_start_keeps_the_networks_of_both_fits():
    forward, model = interruptible(warm_start=True, validation_fraction=0)
    model.fit(X, NUMBERS)
    untouched = model.members_[1]
    forward.n_left = 3  # an epoch has one step: in the third one of the first network
    with threadpool_limits(1), pytest.raises(KeyboardInterrupt):
        model.fit(X, NUMBERS)
    assert [member.n_iter for member in model.members_] == [6 + 2, 6]
    assert model.members_[1] is untouched
    assert model.fit(X, NUMBERS).n_iter_ == 6 + 2 + 6


class Copies:
    """Keeps how many networks the fitted copies have."""

    def __init__(self):
        self.counts = []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if fitted_estimator is not None:
            self.counts.append(len(fitted_estimator.members_))


def test_callbacks_see_all_networks():
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    copies, model = Copies(), classifier(max_iter=2).fit(X, y)
    model.set_callbacks(copies).partial_fit(X, y)
    assert set(copies.counts) == {2}


# ---- bad input


WARM = {"warm_start": True}
REFUSED = {
    "warm start with other classes": (
        "classifier", WARM, fit(X, y + 1), ("warm_start", "[0 1 2]", "[1 2 3]"),
    ),
    "warm start with other features": (
        "classifier", WARM, fit(X[:, :2], y), ("2 features", "4 features"),
    ),
    "warm start with more outputs": (
        "regressor", WARM, fit(X, X[:, :2]), ("(150, 2)", "the training data have"),
    ),
    "fewer members": (
        "classifier", WARM | {"n_members": 1}, fit(X, y), ("n_members=1", "at least 2"),
    ),
    "other layers": (
        "regressor",
        WARM | {"hidden_layer_sizes": (9,)},
        fit(X, NUMBERS),
        ("hidden_layer_sizes", "9 silu", "8 silu"),
    ),
    "another activation": (
        "classifier", {"activation": "tanh"}, part(X, y), ("activation", "8 tanh", "8 silu"),
    ),
    "another embedding": (
        "regressor", {"embedding": None}, part(X, NUMBERS), ("embedding", "[None, None]"),
    ),
    "more outputs by the loss": (
        "regressor", {"loss": "gaussian_nll"}, part(X, NUMBERS), ("loss", "2 outputs"),
    ),
    "other units by the loss": (
        "regressor", {"loss": "poisson"}, part(X, NUMBERS), ("poisson", "scaling of y"),
    ),
    "more members in a call": (
        "classifier", {"n_members": 3}, part(X, y), ("n_members=3", "must be 2"),
    ),
    "a call with other features": (
        "regressor", {}, part(X[:, :3], NUMBERS), ("3 features", "4 features"),
    ),
    "a call with unseen labels": ("classifier", {}, part(X, y + 1), ("[0 1 2]",)),
    "a call with other classes": (
        "classifier", {}, part(X, y, classes=[0, 1]), ("`classes=[0, 1]`", "not the same"),
    ),
    "a call with 'balanced'": (
        "classifier", {"class_weight": "balanced"}, part(X, y), ("'balanced'", "partial_fit"),
    ),
    "a call with NaN in y": (
        "regressor", {}, part(X, np.where(y == 1, np.nan, NUMBERS)), ("NaN",),
    ),
    "a call with bad weights": (
        "regressor", {}, part(X, NUMBERS, np.full(150, -1.0)), ("sample_weight",),
    ),
    "a call that diverges": (
        "regressor", {"learning_rate_init": 1e300}, part(X, NUMBERS), ("non-finite",),
    ),
    "a call with text": ("classifier", {}, part([["a"] * 4] * 150, y), ("'x0' holds strings",)),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "parameters", "action", "words"), REFUSED.values(), ids=REFUSED)
def test_what_does_not_go_on_is_refused_and_changes_nothing(kind, parameters, action, words):
    build, target = BUILDS[kind]
    for model in (build(**WARM).fit(X, target), after_calls(build(), 2, target)):
        error = assert_refused(model.set_params(**parameters), action)
        assert isinstance(error, ValueError)
        for word in words:
            assert word in str(error)


def test_a_first_call_needs_classes():
    for target, words in ((y, "classes must be passed"), (COLUMNS, "For several label columns")):
        error = assert_refused(classifier(), part(X, target))
        assert words in str(error)


# ---- validation rows


@pytest.mark.parametrize("build", [classifier], ids=["classifier"])
def test_a_class_without_weight_takes_no_part_in_the_split(build):
    """Its rows were counted as if they were others, which were then lost."""
    model = build(class_weight={0: 0.0, 1: 1.0, 2: 1.0}, n_iter_no_change=np.inf).fit(X, y)
    for member in model.members_:
        assert member.n_samples_seen == member.n_iter * 90  # 100 rows, of which 10 validate


@each_kind
def test_validation_rows_stay_where_weights_change(build, target):
    """Training that changes nothing finds the validation loss where it was."""
    model = build(warm_start=True, n_members=1).fit(X, target)
    (member,) = model.members_
    model.set_params(learning_rate_init=1e-300, max_iter=1)
    for row in (0, 7, 13):
        weight = np.ones(len(X))
        weight[row] = 0
        model.fit(X, target, sample_weight=weight).fit(X, target)
        found = model.members_[0].validation_losses[-1]
        assert found == pytest.approx(member.validation_losses[member.best_iter - 1], rel=1e-5)
