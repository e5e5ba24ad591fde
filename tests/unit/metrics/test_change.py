"""Changes between two evaluations of the same classes: by hand, and with a known truth."""

import math

import numpy as np
import pytest

from opiscli.metrics.intervals.bootstrap import ClassBootstrap
from opiscli.metrics.intervals.change import difference_interval, ratio_interval
from opiscli.metrics.opis import opis

T_OF_FOUR = 2.7764451051977987  # Student's t, 4 degrees of freedom, 97.5 %
THRESHOLDS = np.linspace(0, 1, 5)


def test_difference_by_hand():
    before, after = np.array([0.5, 0.6]), np.array([0.7, 0.6])
    # The differences 0.2 and 0 have the standard deviation 0.1.
    lo, hi = difference_interval(0.1, before, after, 5)
    assert lo == pytest.approx(0.1 - 0.1 * T_OF_FOUR)
    assert hi == pytest.approx(0.1 + 0.1 * T_OF_FOUR)


def test_ratio_by_hand():
    before, after = np.array([0.01, 0.02]), np.array([0.02, 0.02])
    # The logs of the ratios 2 and 1 have the standard deviation ln(2) / 2.
    lo, hi = ratio_interval(1.5, before, after, 5)
    factor = math.exp(T_OF_FOUR * math.log(2) / 2)
    assert (lo, hi) == (pytest.approx(1.5 / factor), pytest.approx(1.5 * factor))


def test_what_the_draw_of_classes_does_to_both_cancels_out():
    resampled = np.random.default_rng(0).random(50)
    assert difference_interval(0.1, resampled, resampled + 0.1, 20) == pytest.approx((0.1, 0.1))
    assert ratio_interval(2.0, resampled, 2 * resampled, 20) == pytest.approx((2.0, 2.0))


def test_resamples_without_a_spread_tell_nothing():
    before = np.array([0.01, 0.01, 0.0])
    assert ratio_interval(1.0, before, before, 5) == pytest.approx((1.0, 1.0))
    assert ratio_interval(1.0, np.array([0.01, 0.0]), np.array([0.01, 0.0]), 5) == (0.0, math.inf)


def test_the_interval_of_a_ratio_holds_the_truth_and_is_narrower_than_unpaired():
    held, narrower = [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        place = rng.normal(0, 1, (40, 1))
        before = 0.5 + 0.1 * place + np.zeros(5)
        after = 0.5 + 0.07 * place + 0.02 * rng.normal(size=(40, 1)) + np.zeros(5)
        truth = (0.07**2 + 0.02**2) / 0.1**2
        ratio = opis(after, THRESHOLDS) / opis(before, THRESHOLDS)
        plan, other = ClassBootstrap(40, 200, seed), ClassBootstrap(40, 200, seed + 1000)
        base = plan.opis(before, THRESHOLDS)
        lo, hi = ratio_interval(ratio, base, plan.opis(after, THRESHOLDS), 40)
        held.append(lo <= truth <= hi)
        wide = ratio_interval(ratio, base, other.opis(after, THRESHOLDS), 40)
        narrower.append(math.log(hi / lo) / math.log(wide[1] / wide[0]))
    assert np.mean(held) >= 0.9
    assert np.mean(narrower) < 0.7
