"""Greedy selection of the members of an ensemble."""

import itertools

import numpy as np
import pytest

from skbackprop.tabular.selection import GreedySelection


def squares(y):
    """A mean loss: squared error of raw predictions."""
    return lambda raw: float(np.mean((raw - y) ** 2))


def greedy(raws, mean_loss):
    """Loss and weights after all members."""
    selection = GreedySelection(mean_loss)
    for raw in raws:
        selection.add(raw)
    return selection.loss, selection.weights


def greedy_at_once(raws, mean_loss):
    """The same by the definition: 25 times, choose the member that makes the mean best."""
    chosen, losses = [], []
    for _ in range(25):
        means = [np.mean([*chosen, raw], axis=0) for raw in raws]
        k = int(np.argmin([mean_loss(mean) for mean in means]))
        chosen.append(raws[k])
        losses.append(mean_loss(means[k]))
    return min(losses)


def test_greedy_selection_takes_the_best_alone_if_no_mean_is_better():
    y = np.arange(5.0)
    loss, weights = greedy([y + 3, y, y + 1], squares(y))
    assert loss == 0
    assert weights.tolist() == [0, 1, 0]


def test_greedy_selection_weights_members_whose_errors_cancel():
    y = np.arange(5.0)
    loss, weights = greedy([y + 3, y + 50, y - 1], squares(y))
    assert loss < 1e-20
    np.testing.assert_allclose(weights, [0.25, 0, 0.75])


def test_greedy_selection_is_no_worse_than_the_best_member():
    rng = np.random.default_rng(0)
    for _ in range(20):
        y = rng.normal(size=12)
        raws = list(y + rng.normal(size=(6, 12)))
        mean_loss = squares(y)
        loss, weights = greedy(raws, mean_loss)
        assert loss <= min(map(mean_loss, raws))
        assert mean_loss(np.average(raws, axis=0, weights=weights)) == pytest.approx(loss)
        assert weights.sum() == pytest.approx(1)


def test_members_may_come_one_by_one():
    """The loss is the smallest of selections from the first k members, and never grows."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=12)
    raws = list(y + rng.normal(size=(15, 12)))
    selection, at_once = GreedySelection(squares(y)), []
    for k, raw in enumerate(raws, start=1):
        selection.add(raw)
        at_once.append(greedy_at_once(raws[:k], squares(y)))
        assert selection.loss == pytest.approx(min(at_once))
        assert len(selection.weights) == k
        mean = np.average(raws[:k], axis=0, weights=selection.weights)
        np.testing.assert_allclose(selection.mean, mean)


def test_a_member_that_is_not_chosen_costs_one_look_a_step():
    """Otherwise the selection from many members would take longer than their training."""
    y, n_looks = np.arange(5.0), itertools.count()

    def mean_loss(raw):
        next(n_looks)
        return squares(y)(raw)

    greedy([y, *[y + k for k in range(1, 101)]], mean_loss)
    assert next(n_looks) == 25 + 100 * 25


def test_members_without_a_finite_loss_are_not_chosen():
    y = np.arange(5.0)
    loss, weights = greedy([y + np.nan, y + 1, y + np.inf], squares(y))
    assert loss == 1
    assert weights.tolist() == [0, 1, 0]
