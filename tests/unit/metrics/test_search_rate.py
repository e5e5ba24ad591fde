"""The interval of a share of searches."""

import numpy as np
import pytest

from opiscli.metrics.intervals.rate import rate_interval
from opiscli.metrics.intervals.search_rate import search_interval

RNG = np.random.default_rng(0)
SEARCHES = RNG.integers(1, 20, size=150)
ERRORS = RNG.binomial(SEARCHES, RNG.beta(0.3, 6, size=150))


def test_a_search_belongs_to_one_class():
    errors, searches = np.append(ERRORS, 0), np.append(SEARCHES, 0)
    expected = rate_interval(ERRORS, SEARCHES, int(ERRORS.sum()), int(SEARCHES.sum()))
    assert search_interval(errors, searches, in_twos=False) == pytest.approx(expected)


def test_errors_in_twos_say_half_as_much():
    lo, hi = search_interval(ERRORS, SEARCHES, in_twos=False)
    wider = search_interval(ERRORS, SEARCHES, in_twos=True)
    rate = ERRORS.sum() / SEARCHES.sum()
    assert wider[0] < lo < rate < hi < wider[1]
    # The reach is √2 times as long on the logit scale, less where the spread by size is larger.
    reaches = [np.log(x / (1 - x)) - np.log(rate / (1 - rate)) for x in (lo, wider[0])]
    assert 1.1 < reaches[1] / reaches[0] < 1.5


@pytest.mark.parametrize(("in_twos", "trials"), [(False, 100), (True, 50)])
def test_without_errors_classes_are_the_trials(in_twos, trials):
    lo, hi = search_interval(np.zeros(100), np.full(100, 7), in_twos=in_twos)
    assert lo == 0
    assert hi == pytest.approx(-np.log(0.05) / trials, rel=0.02)


def test_half_an_error_counts_half():
    halves = ERRORS.astype(float)
    halves[np.argmax(ERRORS)] -= 0.5
    less = search_interval(halves, SEARCHES, in_twos=False)
    assert less[1] < search_interval(ERRORS, SEARCHES, in_twos=False)[1]
