"""Intervals of FAR and FRR: by hand, and on populations whose rates are known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.intervals.effective_classes import carried_by_few, effective_classes
from opiscli.metrics.intervals.rate import interval, rate_interval, rule_of_three, upper_bound
from opiscli.metrics.intervals.rate_spread import (
    _spread_by_size,
    macro_far_spread,
    pooled_far_spread,
    pooled_frr_spread,
)
from opiscli.thresholds.guarantee import assured_threshold

DRAWS = 200
BASE, CLASS_SPREAD, PAIR_SPREAD = 1e-3, 0.5, 1.0
TRUE_FAR = BASE * math.exp(CLASS_SPREAD**2 + PAIR_SPREAD**2 / 2)


def counts(sizes, negative, positive=None):
    sizes, negative = np.array(sizes), np.array(negative)
    positive = np.zeros_like(negative) if positive is None else np.array(positive)
    thresholds = np.arange(1.0, negative.shape[1] + 1)
    return PairCounts(
        thresholds=thresholds,
        class_sizes=sizes,
        positive_pairs=sizes * (sizes - 1) // 2,
        negative_pairs=sizes * (sizes.sum() - sizes),
        positive=positive,
        negative=negative,
    )


def pairs_of_classes_drawn(rng, n_classes, size_spread, smallest=2):
    """Sizes and accepted negative pairs, classes and pairs of classes having random effects."""
    sizes = smallest + np.round(
        4 * smallest * np.exp(rng.normal(0, size_spread, n_classes))
    ).astype(int)
    effect = rng.normal(0, CLASS_SPREAD, n_classes)
    rate = BASE * np.exp(
        effect + effect[:, None] + rng.normal(0, PAIR_SPREAD, (n_classes, n_classes))
    )
    upper = np.triu(rng.binomial(np.outer(sizes, sizes), np.minimum(rate, 1)), 1)
    return sizes, upper + upper.T


def classes_drawn(seed, n_classes, size_spread):
    rng = np.random.default_rng(seed)
    sizes, negative = pairs_of_classes_drawn(rng, n_classes, size_spread)
    accepted = rng.binomial(sizes * (sizes - 1) // 2, rng.beta(7, 3, n_classes))
    return counts(sizes, negative.sum(axis=1)[:, None], accepted[:, None])


def binomial_interval(rate, n):
    """Wilson's, which takes pairs for independent."""
    centre = (rate + 1.96**2 / (2 * n)) / (1 + 1.96**2 / n)
    reach = 1.96 / (1 + 1.96**2 / n) * math.sqrt(rate * (1 - rate) / n + 1.96**2 / (4 * n * n))
    return centre - reach, centre + reach


@pytest.mark.parametrize("size_spread", [0.0, 1.2], ids=["equal sizes", "heavy tail"])
@pytest.mark.parametrize(
    ("spread_of", "truth"),
    [(pooled_far_spread, TRUE_FAR), (macro_far_spread, TRUE_FAR), (pooled_frr_spread, 0.3)],
    ids=["pooled FAR", "macro FAR", "FRR"],
)
def test_intervals_hold_the_known_truth(spread_of, truth, size_spread):
    held, within, binomial = [], [], []
    for seed in range(DRAWS):
        drawn = classes_drawn(seed, 60, size_spread)
        spread = spread_of(drawn)
        lo, hi = interval(spread)
        held.append(lo[0] <= truth <= hi[0])
        within.append(truth <= upper_bound(spread, 0.95)[0])
        n = (drawn.positive_pairs if truth == 0.3 else drawn.negative_pairs).sum()
        lo, hi = binomial_interval(spread.rate[0], n)
        binomial.append(lo <= truth <= hi)
    assert np.mean(held) >= 0.9
    assert np.mean(within) >= 0.9
    assert np.mean(binomial) <= 0.7


def test_pooled_interval_by_hand():
    # Three classes of two items; of 12 negative pairs, one of classes 0 and 1 and one of 0 and 2.
    logits = [math.log(0.5 / 4.5), math.log(1.5 / 3.5), math.log(1.5 / 3.5)]
    mean = sum(logits) / 3
    squares = [(x - mean) ** 2 for x in logits]
    effective = sum(squares) ** 2 / sum(x * x for x in squares)
    assert effective == pytest.approx(2)
    # The rates 1/4, 1/8 and 1/8 less 1/6; two thirds of the pairs go with each class.
    variance = ((1 / 12) ** 2 + 2 * (1 / 24) ** 2) / 3
    error = max(
        math.sqrt(2 / 3 * sum(squares)), math.sqrt(3 * (8 / 4) ** 2 * variance) / (1 / 6 * 5 / 6)
    )
    spread = pooled_far_spread(counts([2, 2, 2], [[2], [1], [1]]))
    assert spread.rate == pytest.approx(1 / 6)
    assert spread.error == pytest.approx(error)
    assert spread.effective == pytest.approx(2)
    reach = 1.6377443536962102 * error  # Student's t, 3 degrees of freedom, 90 %
    assert 1 - 2 / 3 * reach < 0  # three classes do not bound the rate at all
    assert upper_bound(spread, 0.9)[0] == 1
    lo, _ = rate_interval(np.array([2, 1, 1]), np.array([8, 8, 8]), 2, 12, confidence=0.8)
    assert lo == pytest.approx(1 / (1 + 5 * math.exp(reach)))


def test_the_upper_bound_of_a_small_rate_is_symmetric_in_its_inverse():
    rng = np.random.default_rng(0)
    drawn = counts(np.full(300, 40), rng.poisson(40, (300, 1)))
    spread = pooled_far_spread(drawn)
    reach = 1.6499 * spread.error[0]  # as of a normal distribution, nearly
    expected = spread.rate[0] / (1 - reach)
    assert upper_bound(spread, 0.95)[0] == pytest.approx(expected, rel=1e-3)


def test_no_errors_is_not_certainty():
    zeros, pairs = np.zeros(30, int), np.full(30, 10)
    assert rate_interval(zeros, pairs, 0, 300) == (0.0, pytest.approx(3 / 30, rel=2e-3))
    assert rate_interval(pairs, pairs, 300, 300) == (pytest.approx(0.9, rel=2e-3), 1.0)
    # A negative pair takes two classes, so thirty classes are fifteen trials.
    assert rate_interval(zeros, pairs, 0, 150)[1] == pytest.approx(3 / 15, rel=2e-3)
    assert rule_of_three(2) == 1.0


def test_one_error_more_never_lowers_the_bound_below_the_rule_of_three():
    sizes = np.full(40, 5)
    one = np.zeros((40, 1), int)
    one[:2] = 1
    none = upper_bound(pooled_far_spread(counts(sizes, np.zeros((40, 1), int))), 0.95)
    few = upper_bound(pooled_far_spread(counts(sizes, one)), 0.95)
    assert none[0] == pytest.approx(3 / 20, rel=2e-3)
    # A Poisson mean of which one was seen is at most 4.744.
    assert few[0] == pytest.approx(4.743864518 / 20)


def test_one_large_class_that_always_errs_does_not_slip_below_the_bound():
    pairs = np.array([1000] + [9] * 1000)
    errors = np.where(pairs == 1000, pairs, 0)
    lo, hi = rate_interval(errors, pairs, 1000, 10_000)
    assert lo < 0.1 < 0.3 < hi
    # Its share is a tenth, so seeing none of it err bounds the rate at three tenths.
    assert rate_interval(np.zeros_like(errors), pairs, 0, 10_000)[1] == pytest.approx(0.3, rel=2e-3)


def test_bounds_of_all_errors_mirror_those_of_none():
    sizes = np.full(40, 5)
    everything = counts(sizes, np.full((40, 1), 5 * 195))
    lo, hi = interval(pooled_far_spread(everything))
    assert (lo[0], hi[0]) == (pytest.approx(1 - 3 / 20, rel=2e-3), 1.0)


def test_macro_far_of_equal_classes_is_the_pooled_far():
    drawn = classes_drawn(3, 50, 0.0)
    pooled, macro = pooled_far_spread(drawn), macro_far_spread(drawn)
    assert macro.rate == pytest.approx(pooled.rate)
    assert macro.error == pytest.approx(pooled.error, rel=0.02)


def test_macro_jackknife_needs_no_counts_by_pair_of_classes():
    """From the matrix of classes by classes, which the tool does not have, it comes out alike."""
    ratios = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        sizes, negative = pairs_of_classes_drawn(rng, 60, 1.5, smallest=1)
        logits = []
        for left_out in range(60):
            kept = np.arange(60) != left_out
            n = sizes[kept]
            far = negative[np.ix_(kept, kept)].sum(axis=1) / (n * (n.sum() - n))
            far = far[n > 1].mean()
            logits.append(math.log(far / (1 - far)))
        exact = math.sqrt(59 * np.var(logits))
        ratios.append(macro_far_spread(counts(sizes, negative.sum(axis=1)[:, None])).error / exact)
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)
    assert np.std(ratios) < 0.25


def test_the_variance_by_size_is_fitted():
    pairs = np.array([1, 2, 4, 8] * 2)
    deviations = np.sqrt(0.01 + 0.04 / pairs) * np.array([1, 1, 1, 1, -1, -1, -1, -1])
    weight = np.arange(8.0)
    expected = math.sqrt(np.sum(weight**2 * (0.01 + 0.04 / pairs)))
    found = _spread_by_size(0.5 + deviations[:, None], np.array([0.5]), pairs, weight)
    assert found == pytest.approx(expected)
    # Where larger classes vary more, size explains nothing; where it explains more than all, all.
    flat = _spread_by_size(0.5 + pairs[:, None] / 10, np.array([0.5]), pairs, weight)
    assert flat == pytest.approx(math.sqrt(np.sum(weight**2) * np.mean(pairs**2 / 100)))
    steep = _spread_by_size(0.5 + 1 / pairs[:, None], np.array([0.5]), pairs, weight)
    alone = np.sum(1 / pairs**3) / np.sum(1 / pairs**2)
    assert steep == pytest.approx(math.sqrt(np.sum(weight**2 * alone / pairs)))


def test_singletons_count_as_partners_only():
    spread = macro_far_spread(counts([3, 3, 3, 1], [[12], [2], [9], [3]]))
    far = [12 / 21, 2 / 21, 9 / 21]
    assert spread.rate == pytest.approx(sum(far) / 3)
    kappa = sum(far) / 26
    means = [
        (sum(far) - far[0] - kappa * 12) / 2 * 10 / 7,
        (sum(far) - far[1] - kappa * 2) / 2 * 10 / 7,
        (sum(far) - far[2] - kappa * 9) / 2 * 10 / 7,
        (sum(far) - kappa * 3) / 3 * 10 / 9,
    ]
    half = 1 / (3 * 21 + 9)
    logits = [math.log((mean + half) / (1 - mean + half)) for mean in means]
    assert spread.error == pytest.approx(math.sqrt(3 * np.var(logits)))


def test_the_assured_threshold_is_the_largest_whose_bound_is_within():
    one = classes_drawn(5, 80, 0.0)
    many = counts(one.class_sizes, np.arange(1, 1000) * one.negative // 100)

    def bound(counts):
        return upper_bound(pooled_far_spread(counts), 0.95)

    found = assured_threshold(many, many.thresholds, 5e-3, bound)
    position = np.searchsorted(many.thresholds, found)
    assert position == np.flatnonzero(bound(many) <= 5e-3)[-1]
    assert position < np.flatnonzero(pooled_far_spread(many).rate <= 5e-3)[-1]
    assert assured_threshold(many, many.thresholds, 1e-9, bound) is None


@pytest.mark.parametrize("spread_of", [pooled_far_spread, macro_far_spread])
def test_two_classes_say_nothing_about_others(spread_of):
    two = spread_of(counts([4, 4], [[2], [2]]))
    assert interval(two) == (0, 1)
    three = spread_of(counts([4, 4, 4], [[2], [2], [2]]))
    lo, hi = interval(three)
    # Classes that are all alike leave the noise of pairs: 3 errors in 48.
    assert three.error == pytest.approx(1 / math.sqrt(3 * 45 / 48))
    assert 0 < lo[0] < 1 / 16 < hi[0] <= 1


def test_one_class_says_nothing_about_the_rejected_pairs_of_others():
    assert interval(pooled_frr_spread(counts([4, 1], [[2], [2]], [[3], [0]]))) == (0, 1)


def test_pairs_counted_for_one_end_only():
    """As of queries against a gallery: deleting a class of queries takes its own pairs."""
    one_end = replace(classes_drawn(7, 50, 0.0), ends=1)
    pooled, macro = pooled_far_spread(one_end), macro_far_spread(one_end)
    rates = one_end.negative[:, 0] / one_end.negative_pairs
    assert macro.rate == pytest.approx(rates.mean())
    expected = rates.std(ddof=1) / math.sqrt(50) / (rates.mean() * (1 - rates.mean()))
    assert macro.error == pytest.approx(expected, rel=0.02)
    assert pooled.error == pytest.approx(expected, rel=0.02)
    none = replace(one_end, negative=np.zeros((50, 1), int))
    for spread_of in (pooled_far_spread, macro_far_spread):
        assert upper_bound(spread_of(none), 0.95) == pytest.approx(3 / 50, rel=2e-3)


def test_effective_number_of_classes():
    assert effective_classes(np.full(7, 3)) == pytest.approx(7)
    assert effective_classes(np.array([1, 0, 0])) == pytest.approx(1)
    assert not carried_by_few(np.array([2, 1, 1]))
    assert carried_by_few(np.array([50] + [1] * 50))
    # Shares of a half and two quarters: 1 / (1/4 + 1/16 + 1/16).
    assert effective_classes(np.array([2, 1, 1])) == pytest.approx(8 / 3)
