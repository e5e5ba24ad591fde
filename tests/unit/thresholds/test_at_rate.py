"""A threshold for a FAR target: at most the target, whole tie groups, never interpolated."""

import numpy as np
import pytest

from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.errors import UndefinedMetric, UsageError
from opiscli.settings.evaluation import EvaluationSettings, RangeBy, RangeRequest, scientific
from opiscli.thresholds.at_rate import calibration_range, threshold_at_far, threshold_at_frr

TICKS = np.arange(32768) * 2.0 / 32767


def histogram(positive, negative):
    """Counts at given distances, everywhere else none."""
    bins = np.zeros((2, len(TICKS)), dtype=np.int64)
    for side, group in zip(bins, (positive, negative), strict=True):
        for distance, count in group.items():
            side[np.searchsorted(TICKS, distance)] += count
    return DistanceHistogram(*bins, TICKS)


NEGATIVES = {0.5: 2, 0.8: 8, 1.0: 90}


@pytest.mark.parametrize(
    ("target", "up_to"), [(0.02, 0.8), (0.05, 0.8), (0.0999, 0.8), (0.1, 1.0), (0.99, 1.0)]
)
def test_the_largest_threshold_that_meets_the_target(target, up_to):
    threshold = threshold_at_far(histogram({0.1: 1}, NEGATIVES), target)
    assert up_to - 1e-4 < threshold < up_to


def test_a_target_below_the_nearest_tie_group_has_no_threshold():
    assert threshold_at_far(histogram({0.1: 1}, NEGATIVES), 0.01) is None


def test_the_smallest_threshold_that_meets_an_frr():
    of = histogram({0.2: 50, 0.6: 40, 0.9: 10}, NEGATIVES)
    assert threshold_at_frr(of, 0.5) == pytest.approx(0.2, abs=1e-4)
    assert threshold_at_frr(of, 0.49) == pytest.approx(0.6, abs=1e-4)
    assert threshold_at_frr(of, 0.05) == pytest.approx(0.9, abs=1e-4)


def test_ranges():
    of = histogram({0.2: 50, 0.6: 40, 0.9: 10}, NEGATIVES)
    assert calibration_range(
        of, RangeRequest(RangeBy.FAR, 0.05, 0.2), Distance.EUCLIDEAN
    ) == pytest.approx((0.8, 1.0), abs=1e-4)
    assert calibration_range(
        of, RangeRequest(RangeBy.FRR, 0.05, 0.3), Distance.EUCLIDEAN
    ) == pytest.approx((0.6, 0.9), abs=1e-4)
    assert calibration_range(of, RangeRequest(RangeBy.DISTANCE, 0.0, 2.0), Distance.EUCLIDEAN) == (
        0.0,
        2.0,
    )
    with pytest.raises(UndefinedMetric, match="fall on the threshold"):
        calibration_range(of, RangeRequest(RangeBy.FAR, 0.02, 0.05), Distance.EUCLIDEAN)
    with pytest.raises(UndefinedMetric, match="unattainable"):
        calibration_range(of, RangeRequest(RangeBy.FAR, 0.001, 0.05), Distance.EUCLIDEAN)


@pytest.mark.parametrize("bounds", [(0.1, 0.01), (0.1, 0.1), (0.0, 0.1), (0.1, 1.0), (-1, 0.5)])
def test_impossible_rate_bounds(bounds):
    with pytest.raises(UsageError):
        RangeRequest(RangeBy.FAR, *bounds)


def test_nan_is_no_bound():
    with pytest.raises(UsageError):
        RangeRequest(RangeBy.FAR, float("nan"), 0.1)
    with pytest.raises(UsageError):
        EvaluationSettings(epsilon=float("nan"))


def test_signature_of_the_defaults():
    assert EvaluationSettings().signature("0.1.0") == (
        "opis|d:euclidean|u:tpr-tnr|b:1|range:far1e-2..1e-1|grid:201|eps:0.1|pairs:exact"
        "|single:drop|ties:accept|v:0.1.0"
    )


@pytest.mark.parametrize(
    ("value", "text"), [(0.01, "1e-2"), (0.1, "1e-1"), (0.0025, "2.5e-3"), (0.5, "5e-1")]
)
def test_rates_as_people_write_them(value, text):
    assert scientific(value) == text
