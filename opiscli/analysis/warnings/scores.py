"""Warnings that class scores say little: all of them low, or most classes too small."""

from collections.abc import Iterator, Sequence

import numpy as np

from opiscli.arrays import IntArray
from opiscli.distance import Distance
from opiscli.metrics.noise_floor import FEWEST_ITEMS
from opiscli.results import CalibrationRange, Evaluation, ReportWarning

_LOW_SCORE, _LOW_SCORE_OF_DISTANCES = 0.2, 0.4
"""Of real sets the mean class score is 0.65 or more over the usual range of FAR; distances may be
given in the wrong unit."""

_MOST_REJECTED = 0.9
_FEW_JUDGED, _SMALL_SHARE_JUDGED = 50, 0.15


def score_warnings(
    of: Evaluation, sizes: IntArray, about_source: Sequence[ReportWarning] = ()
) -> tuple[ReportWarning, ...]:
    """Collect the warnings about class scores.

    Parameters
    ----------
    sizes
        Shape ``(n_classes,)``, items of each class that has a score.
    about_source
        What is known of the source; where no threshold separates pairs, scores are low over any
        range of rates, and nothing needs to be said of that.
    """
    ends = of.calibration_range
    if ends is None or of.mean_utility is None:
        return ()
    is_explained = ends.by != "distance" and any(
        one.code in ("labels-unrelated", "collapsed") for one in about_source
    )
    low = () if is_explained else _about_low_scores(of, ends, of.mean_utility)
    return (*low, *_about_small_classes(sizes))


def _about_low_scores(
    of: Evaluation, ends: CalibrationRange, mean: float
) -> Iterator[ReportWarning]:
    least_score = _LOW_SCORE_OF_DISTANCES if ends.by == "distance" else _LOW_SCORE
    # Precision is low wherever negative pairs are many, so it says nothing about the range.
    is_low = (
        mean < least_score
        if of.utility.kind == "tpr-tnr"
        else ends.attained_frr.lo > _MOST_REJECTED
    )
    if is_low:
        unit = "scores" if Distance(of.distance).is_given else "distances"
        most, least = 1 - ends.attained_frr.lo, ends.attained_far.lo
        yield ReportWarning(
            "low-scores",
            f"the mean class score over the range is only {mean:.3g}: at {unit}"
            f" {ends.threshold.lo:.4g} to {ends.threshold.hi:.4g}, TAR is at most {most:.3g} and"
            f" FAR at least {least:.3g}. OPIS is low where all classes score badly;"
            f" {_other_range(ends, is_given=unit == 'scores')}",
        )


def _other_range(ends: CalibrationRange, *, is_given: bool) -> str:
    if ends.by != "distance":
        return f"choose a range of thresholds that could be used, with another --{ends.by}"
    lo, hi = ends.threshold
    unit = ""
    if hi <= 1 and not is_given:
        unit = f"if these are similarities, give --similarity-range {lo:g}:{hi:g}; "
    return f"{unit}without --range, the range is that of FAR 0.01 to 0.1"


def _about_small_classes(sizes: IntArray) -> Iterator[ReportWarning]:
    n, n_judged = len(sizes), int(np.count_nonzero(sizes >= FEWEST_ITEMS))
    few = n_judged < _FEW_JUDGED or n_judged < _SMALL_SHARE_JUDGED * n
    if n - n_judged > n / 2 and few:
        yield ReportWarning(
            "small-classes",
            f"{n - n_judged:,} of {n:,} classes have fewer than {FEWEST_ITEMS} items, too few to"
            " judge them: OPIS is mostly noise. Collect more items of each class, or leave small"
            f" classes out with --min-items {FEWEST_ITEMS}",
        )
