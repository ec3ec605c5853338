"""Links: predictions from raw predictions, stable at any magnitude, and back."""

import numpy as np
import pytest
from component_tables import read_only
from scipy.special import logsumexp

from skbackprop.losses.links import (
    IdentityLink,
    LogitLink,
    LogLink,
    SoftmaxLink,
    log_sum_exp,
    softmax,
)

LINKS = {link.name: link for link in (IdentityLink(), LogLink(), LogitLink(), SoftmaxLink())}

# Rows of raw predictions and what they mean, computed with mpmath to 60 digits.
RAW = [-1e4, -800.0, -40.0, -1.5, 0.0, 1.5, 40.0, 800.0, 1e4]
THIRD, HALF = 0.3333333333333333, 0.3132616875182228
SOFTMAX_RAW = [
    (1e4, -1e4, 0.0),
    (800.0, -800.0, 799.0),
    (-800.0, -800.0, -801.0),
    (-1e4, -1e4, -1e4),
    (40.0, 0.0, -1.0),
    (0.5, -1.5, 2.0),
    (-70.0, 1.0, 2.0),
]
SOFTMAX = [
    (1.0, 0.0, 0.0),
    (0.7310585786300049, 0.0, 0.2689414213699951),
    (0.4223187982515182, 0.4223187982515182, 0.15536240349696362),
    (THIRD, THIRD, THIRD),
    (1.0, 4.248354255291589e-18, 1.5628821893349888e-18),
    (0.17803020550615906, 0.024093768286848397, 0.7978760262069926),
    (3.933231246909877e-32, 0.2689414213699951, 0.7310585786300049),
]
LOG_SOFTMAX = [
    (0.0, -2e4, -1e4),
    (-HALF, -1600.3132616875182, -1.3132616875182228),
    (-0.8619948040582511, -0.8619948040582511, -1.861994804058251),
    (-1.0986122886681098,) * 3,
    (-5.811236444626578e-18, -40.0, -41.0),
    (-1.7258020492315993, -3.7258020492315995, -0.22580204923159936),
    (-72.31326168751822, -1.3132616875182228, -HALF),
]
LOGISTIC = [0.0, 0.0, 4.248354255291589e-18, 0.18242552380635635, 0.5, 0.8175744761936437]
INVERSE = {
    "identity": (RAW, RAW),
    "exp": (
        [*RAW[:7], 700.0],
        [
            0.0,
            0.0,
            4.248354255291589e-18,
            0.22313016014842982,
            1.0,
            4.4816890703380645,
            2.3538526683702e17,
            1.0142320547350045e304,
        ],
    ),
    "logistic": (RAW, LOGISTIC + [1.0] * 3),
    "softmax": (SOFTMAX_RAW, SOFTMAX),
}
LOG_INVERSE = {
    "logistic": (
        RAW,
        [
            -1e4,
            -800.0,
            -40.0,
            -1.7014132779827524,
            -0.6931471805599453,
            -0.2014132779827524,
            -4.248354255291589e-18,
            0.0,
            0.0,
        ],
    ),
    "softmax": (SOFTMAX_RAW, LOG_SOFTMAX),
}

every_link = pytest.mark.parametrize("name", LINKS)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def table(rows, dtype=np.float64):
    """A table as two-dimensional arrays, without what overflows in the dtype."""
    raw, prediction = (np.array(column).reshape(len(column), -1) for column in rows)
    fits = (np.abs(prediction) < np.finfo(dtype).max).all(axis=1)
    return raw[fits].astype(dtype), prediction[fits]


def inverse(link, raw):
    out = np.full_like(raw, np.nan)
    link.inverse(raw, out)
    return out


@every_dtype
@every_link
def test_predictions_at_extreme_raw_predictions(name, dtype):
    raw, expected = table(INVERSE[name], dtype)
    prediction = inverse(LINKS[name], raw)
    assert prediction.dtype == dtype
    tolerance = 1e-14 if dtype == np.float64 else 1e-6
    np.testing.assert_allclose(prediction, expected, rtol=tolerance, atol=tolerance)


@every_dtype
@pytest.mark.parametrize("name", LOG_INVERSE)
def test_logarithms_at_extreme_raw_predictions(name, dtype):
    """Right to the rounding of the largest raw prediction of a row."""
    raw, expected = table(LOG_INVERSE[name], dtype)
    result = LINKS[name].log_inverse(raw)
    assert result.dtype == dtype
    unit = 1e-15 if dtype == np.float64 else 5e-7
    scale = np.maximum(1, np.abs(raw).max(axis=1, keepdims=True))
    assert np.all(np.abs(result - expected) <= unit * scale)
    assert np.all(result <= 0)


def test_a_mean_too_large_for_the_dtype_is_infinite():
    with np.errstate(over="ignore"):
        assert inverse(LINKS["exp"], np.array([[800.0]])) == np.inf
        assert inverse(LINKS["exp"], np.array([[100.0]], np.float32)) == np.inf


@every_link
def test_link_undoes_its_inverse(name, seed):
    raw = np.random.default_rng(seed).normal(scale=3, size=(20, 4))
    result = LINKS[name].link(inverse(LINKS[name], raw.copy()))
    if name == "softmax":  # which is the same for raw predictions with a constant added
        raw, result = (a - a.mean(axis=1, keepdims=True) for a in (raw, result))
    np.testing.assert_allclose(result, raw, rtol=1e-10, atol=1e-12)


@every_link
def test_inverse_in_place_and_from_a_read_only_array(name, seed):
    raw = np.random.default_rng(seed).normal(scale=3, size=(20, 4))
    (locked,) = read_only(raw)
    expected = inverse(LINKS[name], locked)
    np.testing.assert_array_equal(locked, raw)
    LINKS[name].inverse(raw, raw)
    np.testing.assert_array_equal(raw, expected)


# ---- softmax


@every_dtype
@pytest.mark.parametrize("shape", [(30, 1), (30, 2), (30, 7), (1, 3), (0, 3)])
@pytest.mark.parametrize("scale", [1, 30, 1e4])
def test_softmax_and_its_normaliser(shape, scale, dtype, seed):
    raw = np.random.default_rng(seed).normal(scale=scale, size=shape).astype(dtype)
    probabilities = np.empty_like(raw)
    log_normaliser = softmax(raw, probabilities)
    assert log_normaliser.shape == (shape[0], 1)
    assert log_normaliser.dtype == probabilities.dtype == dtype
    expected = logsumexp(raw.astype(np.float64), axis=1, keepdims=True)
    tolerance = 20 * np.finfo(dtype).eps
    np.testing.assert_allclose(log_normaliser, expected, rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(log_sum_exp(raw), log_normaliser)
    np.testing.assert_allclose(
        probabilities, np.exp(raw - expected), rtol=100 * tolerance, atol=tolerance
    )
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=tolerance)


@every_dtype
def test_an_extreme_row_does_not_change_the_others(dtype, seed):
    """One extreme row makes the whole block take the careful way."""
    raw = np.random.default_rng(seed).normal(scale=5, size=(20, 4)).astype(dtype)
    expected = inverse(LINKS["softmax"], raw)
    for extreme in (1e4, -1e4, 60.5, -60.5):
        block = np.vstack([raw, np.full((1, 4), extreme, dtype)])
        result = inverse(LINKS["softmax"], block)
        np.testing.assert_allclose(result[:-1], expected, rtol=50 * np.finfo(dtype).eps)
        np.testing.assert_allclose(result[-1], 0.25, rtol=4 * np.finfo(dtype).eps)


@every_dtype
@pytest.mark.parametrize("magnitude", [59.0, 61.0, 85.0, 100.0, 705.0])
def test_softmax_of_many_classes_near_the_limit(magnitude, dtype):
    """The quick way must neither overflow in the sum nor lose a whole row."""
    raw = np.full((2, 1000), magnitude, dtype)
    raw[1] *= -1
    np.testing.assert_allclose(inverse(LINKS["softmax"], raw), 1e-3, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_overflowing_differences_are_certain(dtype):
    """Without a warning: the farthest classes have probability 0."""
    largest = np.finfo(dtype).max
    raw = np.array([[largest, -largest, 0], [0, 0, -largest]], dtype)
    probabilities = np.empty_like(raw)
    SoftmaxLink().inverse(raw, probabilities)
    np.testing.assert_array_equal(probabilities, [[1, 0, 0], [0.5, 0.5, 0]])
    np.testing.assert_allclose(np.exp(SoftmaxLink().log_inverse(raw)), probabilities)
