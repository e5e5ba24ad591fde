"""Chooses thresholds for pooled rates: never above the target, ties accepted together."""

import math

import numpy as np

from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.errors import EmbeddingError, UndefinedMetric
from opiscli.settings.evaluation import RangeBy, RangeRequest
from opiscli.settings.numbers import plain

OPERATING_FARS = (1e-1, 1e-2, 1e-3)
"""The false-accept rates that every evaluation reports a threshold for."""

_FAR_OF_DIRECTION = 0.5
_FEWEST_EXPECTED = 15
_MOST_EQUAL = 0.5


def threshold_at_far(histogram: DistanceHistogram, target: float) -> float | None:
    """Largest counted threshold with a pooled FAR of at most ``target``.

    Never the nearest and never interpolated: pairs at the same distance are accepted
    together or not at all.

    Parameters
    ----------
    target
        False-accept rate, in (0, 1).

    Returns
    -------
    float or None
        ``None`` if no threshold accepts any negative pair without exceeding the target.
    """
    accepted = np.cumsum(histogram.negative)
    allowed = np.flatnonzero(accepted / accepted[-1] <= target)
    if len(allowed) == 0 or accepted[allowed[-1]] == 0:
        return None
    return float(histogram.ticks[allowed[-1]])


def operating_thresholds(histogram: DistanceHistogram) -> dict[float, float]:
    """Threshold of each attainable one of `OPERATING_FARS`."""
    found = {target: threshold_at_far(histogram, target) for target in OPERATING_FARS}
    return {target: threshold for target, threshold in found.items() if threshold is not None}


def threshold_at_frr(histogram: DistanceHistogram, target: float) -> float:
    """Smallest counted threshold with a pooled FRR of at most ``target``, in (0, 1)."""
    accepted = np.cumsum(histogram.positive)
    rejected = accepted[-1] - accepted
    return float(histogram.ticks[np.argmax(rejected / accepted[-1] <= target)])


def calibration_range(
    histogram: DistanceHistogram, request: RangeRequest, distance: Distance
) -> tuple[float, float]:
    """The thresholds ``d_min < d_max`` between which the class score is integrated.

    Parameters
    ----------
    distance
        What the histogram and the thresholds are measured in.

    Raises
    ------
    UndefinedMetric
        If a bound is not attainable on this data, or both fall on one threshold.
    """
    given = request.thresholds(distance)
    if given is not None:
        return given
    if request.by is RangeBy.FRR:
        # A larger threshold rejects less, so the upper bound of FRR is the lower end.
        ends = threshold_at_frr(histogram, request.hi), threshold_at_frr(histogram, request.lo)
    else:
        ends = _far_end(histogram, request.lo), _far_end(histogram, request.hi)
    if not ends[0] < ends[1]:
        raise UndefinedMetric(
            f"both ends of --{request.by} {request.lo:g}:{request.hi:g} fall on the threshold"
            f" {distance.shown(ends[0]):.6g}; no threshold separates these rates on this data",
            hint="Give bounds further apart, or the thresholds themselves with --range.",
        )
    return ends


def _far_end(histogram: DistanceHistogram, target: float) -> float:
    threshold = threshold_at_far(histogram, target)
    if threshold is None:
        hint = "Give larger bounds with --far-range LO:HI, or thresholds with --range A:B."
        if (n := int(histogram.negative.sum())) * target < 1:
            hint = f"It takes {math.ceil(1 / target):,} negative pairs, but there are only {n:,}."
        elif _share_of_nearest(histogram) >= _MOST_EQUAL:
            hint = "Most embeddings are the same: has the model collapsed, or was a constant saved?"
        raise UndefinedMetric(unattainable(target, histogram), hint=hint)
    return threshold


def _share_of_nearest(histogram: DistanceHistogram) -> float:
    """Share of the negative pairs that the smallest threshold with any of them accepts."""
    return float(histogram.negative[np.argmax(histogram.negative > 0)] / histogram.negative.sum())


def unattainable(
    target: float, histogram: DistanceHistogram, macro_far: float | None = None
) -> str:
    """Explain why no threshold has a FAR above 0 and at most ``target``.

    Parameters
    ----------
    macro_far
        Mean over classes at the nearest negative pairs, where the target is for that.
    """
    n = int(histogram.negative.sum())
    nearest = int(histogram.negative[np.argmax(histogram.negative > 0)])
    rate = f"FAR {nearest / n:.3g}" if macro_far is None else f"a macro FAR of {macro_far:.3g}"
    return (
        f"FAR {plain(target)} is unattainable: the smallest threshold that accepts any negative"
        f" pair already has {rate} ({nearest:,} of {n:,} negative pairs)"
    )


def require_direction(
    histogram: DistanceHistogram, distance: Distance = Distance.EUCLIDEAN
) -> None:
    """Raise `EmbeddingError` if positive pairs are farther apart than negative ones.

    Parameters
    ----------
    distance
        What the histogram is measured in.

    Raises
    ------
    EmbeddingError
        If a threshold that accepts up to half of the negative pairs accepts less than half
        that share of the positive ones: small distances then mean different classes.
    """
    threshold = threshold_at_far(histogram, _FAR_OF_DIRECTION)
    if threshold is None:
        return
    position = np.searchsorted(histogram.ticks, threshold)
    far, tar = (
        float(side[: position + 1].sum() / side.sum())
        for side in (histogram.negative, histogram.positive)
    )
    # Few positive pairs may lie anywhere by chance.
    if far * histogram.positive.sum() >= _FEWEST_EXPECTED and tar < far / 2:
        raise _reversed(distance, threshold, far, tar)


def _reversed(distance: Distance, threshold: float, far: float, tar: float) -> EmbeddingError:
    accepted = f"{far:.3g} of the negative pairs, but only {tar:.3g} of the positive ones"
    if not distance.is_given:
        return EmbeddingError(
            f"positive pairs lie farther apart than negative ones: distance {threshold:.4g} accepts"
            f" {accepted}",
            hint="Check that labels and embeddings are in the same order and nothing was negated.",
        )
    is_similarity = distance is Distance.GIVEN_SIMILARITY
    kind, other = ("similarity", "distance") if is_similarity else ("distance", "similarity")
    return EmbeddingError(
        f"same-class pairs score worse than different-class pairs: a {kind} of"
        f" {distance.shown(threshold):.4g} or {'more' if is_similarity else 'less'} accepts"
        f" {accepted}",
        hint=f"If a high score means {'different classes' if is_similarity else 'the same class'},"
        f" give --scores={other}; else check that labels and scores belong to the same rows.",
    )
