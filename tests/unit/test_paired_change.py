"""The change of a number between two sides."""

import pytest

from opiscli.analysis.paired_change import change_of
from opiscli.results import Interval


def test_a_ratio_is_given_where_it_means_something():
    fell = change_of(0.2, 0.1, Interval(0.4, 0.6), as_ratio=True, higher_is_better=False)
    assert (fell.ratio, fell.is_better, fell.is_certain) == (0.5, True, True)
    for before, after in ((0.2, -0.1), (0.0, 0.1), (-0.1, 0.1)):
        crossed = change_of(before, after, None, as_ratio=True, higher_is_better=False)
        assert crossed.ratio is None
        assert crossed.difference == pytest.approx(after - before)
    assert change_of(0.2, 0.1, None, as_ratio=False, higher_is_better=True).ratio is None
