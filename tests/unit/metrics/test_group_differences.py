"""How unequal groups are: by hand, against the plain definitions, and under noise."""

import numpy as np
import pytest

from opiscli.metrics.group_differences import garbe, gini, max_over_geometric_mean


def plain_gini(x):
    n = len(x)
    differences = sum(abs(a - b) for a in x for b in x)
    return n / (n - 1) * differences / (2 * n * n * np.mean(x))


def test_max_over_geometric_mean_by_hand():
    # Rates 1e-3 and 4e-3, whose geometric mean is 2e-3.
    assert max_over_geometric_mean(np.array([1, 8]), np.array([1000, 2000])) == pytest.approx(2)


def test_a_group_without_errors_counts_half_an_error():
    # Half of an error and two errors in a hundred: 2 over their geometric mean, 1.
    trials = np.array([100, 100])
    assert max_over_geometric_mean(np.array([0, 2]), trials) == pytest.approx(2)
    assert max_over_geometric_mean(np.array([0, 0]), trials) is None


def test_gini_is_that_of_the_definition():
    rates = np.random.default_rng(0).exponential(size=9)
    assert gini(rates) == pytest.approx(plain_gini(rates))
    assert gini(rates[::-1] * 1e-4) == pytest.approx(gini(rates))


def test_gini_at_its_ends():
    assert gini(np.array([0.0, 0.0, 0.3])) == pytest.approx(1)
    assert gini(np.array([0.2, 0.2, 0.2])) == pytest.approx(0, abs=1e-15)
    assert gini(np.zeros(3)) == 0


def test_garbe_weighs_the_two_rates():
    accept, reject = np.array([1.0, 3.0]), np.array([0.0, 0.5])
    # Of two groups the Gini is the difference over the sum: 1/2 and 1.
    assert garbe(accept, reject, alpha=0.25) == pytest.approx(0.25 * 0.5 + 0.75)
    assert garbe(accept, reject) == pytest.approx(0.75)


@pytest.mark.parametrize(("errors", "ratio", "unequal"), [(10, 1.73, 0.18), (100, 1.2, 0.06)])
def test_what_noise_alone_shows_between_twenty_groups_that_are_alike(errors, ratio, unequal):
    """The numbers that the module warns with."""
    drawn = np.random.default_rng(0).poisson(errors, (500, 20))
    trials = np.full(20, 10**6)
    ratios = [max_over_geometric_mean(k, trials) for k in drawn]
    assert np.mean(ratios) == pytest.approx(ratio, rel=0.03)
    assert np.mean([gini(k / trials) for k in drawn]) == pytest.approx(unequal, abs=0.01)
