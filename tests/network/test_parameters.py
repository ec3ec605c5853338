"""One flat vector and its views, packed as scikit-learn packs them."""

import numpy as np
import pytest
from sklearn.neural_network import MLPRegressor

from skbackprop.activations import Identity, Tanh
from skbackprop.network import dense_network
from skbackprop.network.parameters import Parameters, ParameterShape

UNITS = [4, 3, 2]


def make_parameters(dtype=np.float64):
    parameters = dense_network(UNITS, [Identity()]).parameters(dtype)
    parameters.flat[:] = np.arange(parameters.flat.size)
    return parameters


def test_all_weights_come_before_all_biases():
    parameters = make_parameters()
    W1, W2 = parameters.coefs
    b1, b2 = parameters.intercepts
    np.testing.assert_array_equal(W1, np.arange(12).reshape(4, 3))
    np.testing.assert_array_equal(W2, 12 + np.arange(6).reshape(3, 2))
    np.testing.assert_array_equal(b1, [18, 19, 20])
    np.testing.assert_array_equal(b2, [21, 22])
    np.testing.assert_array_equal(parameters.penalised, np.arange(18))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_order_is_that_of_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    mlp = MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, random_state=seed)
    mlp.fit(rng.normal(size=(10, 4)), rng.normal(size=(10, 2)))
    parameters = make_parameters()
    parameters.flat[:] = np.concatenate([a.ravel() for a in mlp.coefs_ + mlp.intercepts_])
    for ours, theirs in zip(
        parameters.coefs + parameters.intercepts, mlp.coefs_ + mlp.intercepts_, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_layers_are_views():
    parameters = make_parameters()
    for k, array in enumerate(
        [
            *parameters.coefs,
            *parameters.intercepts,
            *(a for pair in parameters.layers for a in pair),
        ]
    ):
        assert np.shares_memory(array, parameters.flat)
        assert array.flags.c_contiguous
        array[...] = -k
    assert (parameters.flat < 0).sum() == parameters.flat.size  # all were written through views


def test_a_given_vector_is_not_copied():
    flat = np.arange(23.0)
    parameters = dense_network(UNITS, [Identity()]).parameters(np.float64, flat)
    assert parameters.flat is flat
    parameters.penalised[...] = -1.0
    np.testing.assert_array_equal(flat, [-1.0] * 18 + [18.0, 19.0, 20.0, 21.0, 22.0])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_empty_like_is_independent_and_of_the_same_dtype(dtype):
    parameters = make_parameters(dtype)
    empty = parameters.empty_like()
    assert empty.flat.dtype == empty.coefs[0].dtype == dtype
    assert [c.shape for c in empty.coefs] == [(4, 3), (3, 2)]
    empty.coefs[0][...] = -1
    assert parameters.flat.min() == 0


def test_layers_of_other_kinds():
    """A layer with an unpenalised array first, one without parameters, one with a scalar."""
    shapes = [
        (ParameterShape("a", (2,), penalised=False), ParameterShape("b", (2, 3), penalised=True)),
        (),
        (ParameterShape("c", (), penalised=True), ParameterShape("d", (4,), penalised=True)),
    ]
    parameters = Parameters(shapes, np.float64)
    parameters.flat[:] = np.arange(13)
    (first, second), nothing, (third, fourth) = parameters.layers
    assert nothing == ()
    np.testing.assert_array_equal(second, np.arange(6).reshape(2, 3))
    assert third.shape == ()
    assert third == 6
    np.testing.assert_array_equal(fourth, [7, 8, 9, 10])
    np.testing.assert_array_equal(first, [11, 12])
    assert parameters.penalised.size == 11


def test_no_factors_where_all_are_one():
    parameters = dense_network([3, 2, 1], [Tanh()]).parameters(np.float32)
    assert parameters.rates is None
    assert parameters.decays is None
