"""Metrics on examples small enough to work out by hand."""

import numpy as np
import pytest

from opiscli.counts.pair_counts import SpreadCounts
from opiscli.metrics.intervals.bootstrap import (
    ClassBootstrap,
    _SumsOfLowest,
    log_interval,
    percentile_interval,
)
from opiscli.metrics.noise_floor import noise_floor
from opiscli.metrics.opis import epsilon_opis, mean_over_range, n_worst, opis, opis_contributions
from opiscli.metrics.recall import hits_at
from opiscli.metrics.utility import f_measure, precision, utility
from opiscli.neighbours.match_ranks import MatchRanks
from opiscli.settings.evaluation import Utility

THRESHOLDS = np.array([0.0, 1.0, 3.0])


def counts(sizes, positive, negative, n_items=10):
    zeros = np.zeros_like(np.array(positive))
    sizes = np.array(sizes)
    return SpreadCounts(
        thresholds=THRESHOLDS[: zeros.shape[1]],
        class_sizes=sizes,
        positive_pairs=sizes * (sizes - 1) // 2,
        negative_pairs=sizes * (n_items - sizes),
        positive=np.array(positive),
        negative=np.array(negative),
        positive_adjacent=zeros,
        negative_squares=zeros,
        cross_products=zeros,
    )


def test_utility_by_hand():
    # 3 of 6 positive pairs, 6 of 24 negative pairs: TPR 1/2, TNR 3/4, F1 = 0.75 / 1.25.
    one = counts([4], [[3]], [[6]])
    assert utility(one, Utility.TPR_TNR, 1.0)[0, 0] == pytest.approx(0.6)
    # F2 weighs sensitivity: 5 · 3/8 / (4 · 3/4 + 1/2).
    assert utility(one, Utility.TPR_TNR, 2.0)[0, 0] == pytest.approx(1.875 / 3.5)
    # Precision 3/9 and recall 1/2: 2 · 1/6 / (5/6).
    assert utility(one, Utility.PRECISION_RECALL, 1.0)[0, 0] == pytest.approx(0.4)


def test_utility_is_zero_where_nothing_is_right():
    assert precision(counts([4], [[0]], [[0]]))[0, 0] == 0
    assert f_measure(np.zeros(1), np.zeros(1), 1.0)[0] == 0
    assert utility(counts([4], [[0]], [[24]]), Utility.TPR_TNR, 1.0)[0, 0] == 0


def test_the_integral_is_trapezoidal_and_divided_by_the_width():
    # (0+2)/2 · 1 + (2+4)/2 · 2 = 7, over 3.
    assert mean_over_range(np.array([0.0, 2.0, 4.0]), THRESHOLDS) == pytest.approx(7 / 3)


def test_opis_of_two_classes_by_hand():
    utilities = np.array([[0.2, 0.4, 0.4], [0.6, 0.4, 0.8]])
    # Variances .04, 0, .04: (.02 · 1 + .02 · 2) / 3.
    assert opis(utilities, THRESHOLDS) == pytest.approx(0.02)
    assert opis_contributions(utilities, THRESHOLDS) == pytest.approx([0.01, 0.01])


def test_opis_is_zero_for_equal_classes_and_a_quarter_at_most():
    assert opis(np.full((5, 3), 0.7), THRESHOLDS) == pytest.approx(0, abs=1e-30)
    assert opis(np.array([[0.0] * 3, [1.0] * 3]), THRESHOLDS) == pytest.approx(0.25)


def test_epsilon_opis_picks_the_worst_anew_at_each_threshold():
    utilities = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    # Gap 1 at the first two thresholds, 0 at the last: (1 + 1) / 2 · 1 + 1 / 2 · 2, over 3.
    assert epsilon_opis(utilities, THRESHOLDS, 0.1) == pytest.approx(2 / 3)
    assert epsilon_opis(utilities, THRESHOLDS, 0.9) is None


@pytest.mark.parametrize(
    ("epsilon", "n", "expected"),
    [(0.07, 100, 7), (0.1, 30, 3), (0.1, 31, 4), (0.1, 1, 1), (0.5, 3, 2)],
)
def test_the_number_of_worst_classes_is_not_fooled_by_binary_fractions(epsilon, n, expected):
    assert n_worst(epsilon, n) == expected


def test_recall_gives_half_where_ties_decide():
    ranks = MatchRanks(np.zeros(4, int), np.array([0, 0, 1, 5]), np.array([0, 2, 1, 0]))
    assert hits_at(ranks, 1).tolist() == [1, 0.5, 0, 0]
    assert hits_at(ranks, 2).tolist() == [1, 0.5, 0.5, 0]
    assert hits_at(ranks, 3).tolist() == [1, 1, 1, 0]


def test_bootstrap_repeats_the_plain_statistics():
    """Resampling must compute the same thing as the metric, on the classes it drew."""
    rng = np.random.default_rng(0)
    utilities, thresholds = rng.random((40, 3)), THRESHOLDS
    hits, trials = rng.integers(0, 5, 40).astype(float), rng.integers(5, 9, 40)
    plan = ClassBootstrap(40, 130, seed=1)
    drawn = np.concatenate(list(plan.draws())).astype(int)
    for name, resampled in (
        ("opis", plan.opis(utilities, thresholds)),
        ("eps", plan.epsilon_opis(utilities, thresholds, 0.15)),
        ("share", plan.share(hits, trials)),
    ):
        for draw, value in zip(drawn, resampled, strict=True):
            again = np.repeat(np.arange(40), draw)
            expected = {
                "opis": lambda a: opis(utilities[a], thresholds),
                "eps": lambda a: epsilon_opis(utilities[a], thresholds, 0.15),
                "share": lambda a: hits[a].sum() / trials[a].sum(),
            }[name](again)
            assert value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("at", [0, 150, 300])
@pytest.mark.parametrize("worst", [1, 20, 399])
def test_resamples_that_miss_the_lowest_classes_look_further(at, worst):
    """Only some hundred classes are drawn, so that the lowest end where they are not expected."""
    rng = np.random.default_rng(1)
    values = rng.random((400, 2))
    drawn = np.zeros((3, 400), dtype=np.uint8)
    drawn[0, np.argsort(values[:, 0])[at : at + 100]] = 4
    drawn[1, np.argsort(values[:, 1])[at : at + 100]] = 4
    drawn[2] = 1
    found = _SumsOfLowest.of(values, worst).resampled(drawn)
    for sums, times in zip(found, drawn, strict=True):
        expected = np.sort(np.repeat(values, times, axis=0), axis=0)[:worst].sum(axis=0)
        np.testing.assert_allclose(sums, expected)


def test_intervals_of_resamples():
    assert percentile_interval(np.arange(101.0)) == pytest.approx((2.5, 97.5))
    lo, hi = log_interval(0.01, np.full(200, 0.01), 50, largest=0.25)
    assert (lo, hi) == (pytest.approx(0.01), pytest.approx(0.01))
    assert log_interval(0.0, np.zeros(200), 50, largest=0.25) == (0.0, 0.25)
    spread = np.exp(np.random.default_rng(0).normal(0, 3, 200))
    assert log_interval(0.2, spread, 5, largest=0.25)[1] == 0.25


def test_the_noise_floor_estimates_the_variance_of_utility():
    """Draw the same classes many times: the spread of each class's utility is the noise."""
    from counted import count_pairs

    from opiscli import EmbeddingSet

    rng = np.random.default_rng(0)
    n_classes, n_items, dims = 12, 6, 6
    centres = rng.normal(size=(n_classes, dims))
    labels = np.repeat(np.arange(n_classes), n_items)
    thresholds = np.linspace(0.5, 0.9, 5)
    curves, floors = [], []
    for _ in range(400):
        x = centres[labels] + 0.5 * rng.normal(size=(len(labels), dims))
        items = EmbeddingSet.from_arrays(x, labels)
        counted = count_pairs(items, thresholds)
        curves.append(utility(counted, Utility.TPR_TNR, 1.0))
        floors.append(noise_floor(counted, 1.0, (0.5, 0.9)))
    variance = np.var(curves, axis=0, ddof=1).mean(axis=0)
    truth = mean_over_range(variance, thresholds) * (n_classes - 1) / n_classes
    # First-order theory at six items a class: within a quarter, where no correction is 0.
    assert np.mean(floors) == pytest.approx(truth, rel=0.25)
