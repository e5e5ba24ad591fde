"""Chooses a margin between classes together with the threshold for an FPIR."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counts.search_counts import SearchCounts, SearchList
from opiscli.errors import UndefinedMetric
from opiscli.settings.margin import Margin
from opiscli.thresholds.at_fpir import threshold_at_fpir

_QUANTILES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5)
"""Of the gaps of right searches: few candidates leave little to over-fit."""

_DIGITS = 3


def with_margin(searches: SearchCounts | None, margin: Margin | None) -> SearchCounts | None:
    """The same searches where a margin is demanded of each, if one is."""
    if searches is None or margin is None or margin.value is None:
        return searches
    return searches.with_margin(margin.value)


def best_margin(searches: SearchCounts, target: float, *, allow_zero: bool = False) -> float:
    """Margin with the lowest FNIR of all candidates, each at its threshold for the FPIR target.

    Returns
    -------
    float
        0 if no other candidate has a lower FNIR.

    Raises
    ------
    UndefinedMetric
        If no candidate meets the target.
    """
    best, lowest, problem = None, np.inf, None
    for margin in _candidates(searches.each_hit):
        restricted = searches.with_margin(margin)
        try:
            threshold = threshold_at_fpir(restricted, target, allow_zero=allow_zero)
        except UndefinedMetric as cause:
            problem = problem or cause
            continue
        n_missed = int(restricted.at(threshold).misses.sum())
        if n_missed < lowest:
            best, lowest = margin, n_missed
    if best is None:
        raise problem or AssertionError("there is a candidate")
    return best


def _candidates(hits: SearchList | None) -> list[float]:
    """A few quantiles of the gaps of right searches, and 0, rounded down to three digits."""
    if hits is None:
        raise ValueError("the gaps between classes were not counted")
    gaps = hits.gaps[(hits.weights > 0) & np.isfinite(hits.gaps)]
    if not gaps.size:
        return [0.0]
    return sorted({0.0, *_rounded_down(np.quantile(gaps, _QUANTILES))})


def _rounded_down(values: FloatArray) -> list[float]:
    found = []
    for value in values[values > 0].tolist():
        unit = 10.0 ** (int(np.floor(np.log10(value))) + 1 - _DIGITS)
        found.append(float(f"{np.floor(value / unit) * unit:.{_DIGITS}g}"))
    return found
