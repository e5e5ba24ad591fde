"""The change of a number between two sides that are made of the same classes."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.metrics.intervals.change import difference_interval, ratio_interval
from opiscli.results import Change, Interval


def change_of(
    before: float,
    after: float,
    ci: Interval | None,
    *,
    as_ratio: bool,
    higher_is_better: bool | None,
) -> Change:
    """Difference and, if asked for and it means something, ratio of two values.

    Parameters
    ----------
    ci
        Of the ratio where there is one, else of the difference; ``None`` if it is not known.
    """
    difference = after - before
    ratio = ratio_of(before, after, as_ratio=as_ratio)
    unchanged = 0.0 if ratio is None else 1.0
    return Change(
        difference=difference,
        ratio=ratio,
        ci=ci,
        is_better=None if difference == 0 else (difference > 0) == higher_is_better,
        is_certain=ci is not None and not ci.lo <= unchanged <= ci.hi,
    )


def ratio_of(before: float, after: float, *, as_ratio: bool) -> float | None:
    """Ratio of two values; ``None`` if none is asked for, or it would mean nothing.

    That is where ``before`` is not above 0, or ``after`` is below it: noise that was subtracted may
    exceed what there was.
    """
    return after / before if as_ratio and before > 0 and after >= 0 else None


def paired_interval(
    difference: float,
    ratio: float | None,
    before: FloatArray,
    after: FloatArray,
    n_classes: int,
) -> Interval | None:
    """Interval of the ratio where there is one, else of the difference.

    Parameters
    ----------
    before, after
        Shape ``(n_resamples,)``, both sides in the same resamples of the classes.
    """
    both = before, after, n_classes
    bounds = ratio_interval(ratio, *both) if ratio else difference_interval(difference, *both)
    return Interval(*bounds) if np.isfinite(bounds[1]) else None
