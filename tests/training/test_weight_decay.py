"""Decoupled weight decay: the formula, what it applies to, and fits that go on."""

import numpy as np
import pytest
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.kernels import reference
from skbackprop.training.solvers.update_rules import SGD, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RULES = {
    "sgd": lambda decay: SGD(0.0, False, decay),
    "momentum": lambda decay: SGD(0.9, False, decay),
    "nesterov": lambda decay: SGD(0.9, True, decay),
    "adam": lambda decay: Adam(0.9, 0.999, 1e-8, decay),
}
every_rule = pytest.mark.parametrize("name", RULES)
every_solver = pytest.mark.parametrize("solver", ["sgd", "adam"])

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
LABELS = (X[:, 0] > 0).astype(int)
NUMBERS = X[:, 0] - X[:, 1]


def draw(seed, n_parameters=9, n_steps=12):
    rng = np.random.default_rng(seed)
    rates = rng.uniform(0.01, 0.1, size=n_steps)
    return rng.normal(size=n_parameters), rng.normal(size=(n_steps, n_parameters)), rates


def run(rule, theta, gradients, rates, n_penalised):
    theta = theta.copy()
    gradient = np.empty_like(theta)
    step = rule.bind(theta, gradient, theta[:n_penalised])
    for g, rate in zip(gradients, rates, strict=True):
        gradient[...] = g
        step(rate)
    return theta


def adamw(theta, gradients, rates, decay, beta_1=0.9, beta_2=0.999, epsilon=1e-8):
    """AdamW as torch.optim.AdamW documents it, but for where epsilon stands.

    There it is added to ``sqrt(v / (1 - beta_2^t))``; scikit-learn adds it before this correction,
    and so do we. At 1e-8 and gradients of order one this is a difference of about 1e-8.
    """
    theta = theta.copy()
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, (g, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        theta -= rate * decay * theta
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
        theta -= rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return theta


def test_adam_is_adamw(seed):
    theta, gradients, rates = draw(seed)
    ours = run(RULES["adam"](0.3), theta, gradients, rates, theta.size)
    np.testing.assert_allclose(ours, adamw(theta, gradients, rates, 0.3), rtol=0, atol=1e-6)
    assert np.abs(ours - adamw(theta, gradients, rates, 0.0)).max() > 0.01


def test_adam_is_that_of_pytorch(seed):
    torch = pytest.importorskip("torch")
    theta, gradients, rates = draw(seed)
    theirs = torch.tensor(theta, requires_grad=True)
    optimizer = torch.optim.AdamW([theirs], weight_decay=0.3)
    for g, rate in zip(gradients, rates, strict=True):
        optimizer.param_groups[0]["lr"] = rate
        theirs.grad = torch.tensor(g)
        optimizer.step()
    ours = run(RULES["adam"](0.3), theta, gradients, rates, theta.size)
    np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=0, atol=1e-6)


@every_rule
def test_without_a_gradient_parameters_shrink_by_the_rate(name, seed):
    theta, gradients, rates = draw(seed)
    shrunk = run(RULES[name](0.5), theta, 0 * gradients, rates, theta.size)
    np.testing.assert_allclose(shrunk, theta * np.prod(1 - 0.5 * rates), rtol=1e-12)


@every_rule
def test_momentum_does_not_see_the_decay(name, seed):
    theta, gradients, rates = draw(seed)
    plain, decaying = RULES[name](0.0), RULES[name](0.5)
    for rule in (plain, decaying):
        run(rule, theta, gradients, rates, theta.size)
    for with_decay, without in zip(decaying.moments, plain.moments, strict=True):
        np.testing.assert_array_equal(with_decay, without)


@pytest.mark.parametrize("n_penalised", [1, 7, 8, 9, 16, 17])
@every_rule
def test_only_the_penalised_part_decays_in_pieces_too(name, n_penalised, seed, monkeypatch):
    theta, gradients, rates = draw(seed, n_parameters=20)
    expected = run(RULES[name](0.0), theta, gradients, rates, n_penalised)
    expected[:n_penalised] = run(
        RULES[name](0.5), theta[:n_penalised], gradients[:, :n_penalised], rates, n_penalised
    )
    monkeypatch.setattr(reference, "_PIECE", 8)
    actual = run(RULES[name](0.5), theta, gradients, rates, n_penalised)
    np.testing.assert_array_equal(actual, expected)


# ---- fits


def test_for_plain_sgd_it_is_the_penalty():
    """``weight_decay = alpha / batch_size``, but for the penalty's share of the loss."""
    net = BackpropRegressor(
        (4,), solver="sgd", momentum=0.0, learning_rate_init=0.05, batch_size=20, max_iter=5,
        random_state=0,
    )  # fmt: skip
    penalised = clone(net).set_params(alpha=2.0).fit(X, NUMBERS)
    decayed = clone(net).set_params(alpha=0.0, weight_decay=0.1).fit(X, NUMBERS)
    for one, other in zip(decayed.coefs_, penalised.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)
    assert decayed.loss_ < penalised.loss_


@every_solver
@pytest.mark.parametrize(
    ("estimator_class", "y"), [(BackpropClassifier, LABELS), (BackpropRegressor, NUMBERS)]
)
def test_decay_shrinks_weights_and_spares_biases(estimator_class, y, solver):
    """One step with decay, minus one without, from the same starting values."""
    net = estimator_class(
        (4,), solver=solver, learning_rate_init=0.1, batch_size=60, max_iter=1, random_state=0
    )
    plain = clone(net).fit(X, y)
    decayed = clone(net).set_params(weight_decay=2.0).fit(X, y)
    start = clone(net).set_params(learning_rate_init=1e-300).fit(X, y)
    for after, without, W in zip(decayed.coefs_, plain.coefs_, start.coefs_, strict=True):
        np.testing.assert_allclose(after - without, -0.2 * W, rtol=1e-9, atol=1e-12)
    for after, without in zip(decayed.intercepts_, plain.intercepts_, strict=True):
        np.testing.assert_array_equal(after, without)


@every_solver
def test_is_stronger_with_more_decay(solver):
    norms = []
    for decay in (0.0, 0.1, 1.0):
        net = BackpropRegressor(
            (8,), solver=solver, weight_decay=decay, alpha=0.0, learning_rate_init=0.02,
            max_iter=60, random_state=0,
        )  # fmt: skip
        norms.append(sum(np.sum(W**2) for W in net.fit(X, NUMBERS).coefs_))
    assert norms == sorted(norms, reverse=True)


@every_solver
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_n_calls_of_partial_fit_are_a_fit(solver, dtype):
    net = BackpropRegressor(
        (4,), solver=solver, weight_decay=0.5, batch_size=25, max_iter=5, dtype=dtype,
        learning_rate_init=0.05, random_state=0,
    )  # fmt: skip
    whole = clone(net).fit(X, NUMBERS)
    for _ in range(5):
        net.partial_fit(X, NUMBERS)
    for one, other in zip(net.coefs_, whole.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == dtype


@every_solver
def test_may_change_between_calls(solver):
    """The moments go on."""
    net = BackpropRegressor((4,), solver=solver, weight_decay=0.5, batch_size=60, random_state=0)
    net.partial_fit(X, NUMBERS).set_params(weight_decay=0.0).partial_fit(X, NUMBERS)
    n_steps = net._state.update_rule.n_steps
    assert n_steps == 2
    assert net._state.update_rule.weight_decay == 0.0


@every_rule
def test_rates_and_decays_of_single_parameters(name, seed):
    """As if each parameter had a rule of its own; the decay knows nothing of its rate."""
    theta, gradients, rates = draw(seed, n_parameters=4)
    own_rates, own_decays = np.array([0.1, 2.0, 1.0, 3.0]), np.array([0.5, 4.0])
    strength, rule = 0.7, RULES[name](0.3)
    together, gradient = theta.copy(), np.empty_like(theta)
    step = rule.bind(together, gradient, together[:2], own_rates, own_decays)
    for g, rate in zip(gradients, rates, strict=True):
        gradient[...] = g
        step(rate, strength)
    for i, own_rate in enumerate(own_rates):
        decay = 0.3 * strength * own_decays[i] / own_rate if i < 2 else 0.0
        alone = run(RULES[name](decay), theta[[i]], gradients[:, [i]], own_rate * rates, 1)
        np.testing.assert_allclose(together[[i]], alone, rtol=1e-11)


# ---- factors of single parameters


@pytest.mark.parametrize("rule", [SGD(0.9, True), Adam(0.9, 0.999, 1e-8)], ids=["sgd", "adam"])
def test_update_rule_decays_nothing_unless_asked(rule):
    theta = np.ones(3)
    rule.bind(theta, np.zeros(3), penalised=theta)(0.1)
    np.testing.assert_array_equal(theta, 1.0)


@pytest.mark.parametrize("rule", [SGD(0.9, True, 0.1), Adam(0.9, 0.999, 1e-8, 0.1)])
def test_each_parameter_decays_by_its_own_factor(rule):
    theta, decays = np.array([1.0, -2.0, 3.0]), np.array([1.0, 0.5, 0.0])
    rule.bind(theta, np.zeros(3), penalised=theta, decays=decays)(0.2)
    np.testing.assert_allclose(theta, [0.98, -1.98, 3.0], rtol=1e-12)


def test_own_decays_end_with_the_penalised_parameters():
    theta, gradient = np.ones(5), np.zeros(5)
    step = SGD(0.0, False, weight_decay=0.1).bind(
        theta, gradient, theta[:3], decays=np.array([1.0, 2.0, 0.0])
    )
    step(1.0)
    np.testing.assert_allclose(theta, [0.9, 0.8, 1, 1, 1])
