"""The plan of a count: thresholds known from all pairs, or candidates from a sample."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counting.evenly import evenly, some
from opiscli.counting.request import CountRequest
from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.embeddings.cosine import LARGEST, from_cosine_distance
from opiscli.engine import ruler
from opiscli.engine.pool import Pool
from opiscli.errors import UndefinedMetric
from opiscli.settings.evaluation import RangeBy
from opiscli.thresholds.at_rate import (
    OPERATING_FARS,
    calibration_range,
    threshold_at_far,
    threshold_at_frr,
)

_ROOM = 8.0
"""How far a rate of 0.1 from n items may be off, times √n: four standard errors or more."""

_GAP = 9.2e-5
"""Where a threshold is looked for, candidates are no further apart than this part of it."""

_SPARSE_GAP = 4e-3
_CANDIDATES_A_STEP = 3
"""With fewer, the grid would feel that its thresholds are moved to candidates."""

_DENSE_FAR, _DENSE_FRR = 0.25, 0.01
"""Thresholds of a larger FAR and a smaller FRR are of little use, and need not be as fine."""

_AT_ITEMS = 65
"""Enough for the noise floor, a mean over all classes: 201 change it by less than 0.1 %."""

_OUTSIDE = 16
"""Thresholds on either side of the range at which items are counted, for another range later."""

_TIE = 2.0**-21
"""Of the scale of the distances: closer ones may differ by rounding alone."""


Extent: TypeAlias = tuple[float, float]
"""Distances that no pair is below and none is above."""

PLAIN_EXTENT: Extent = (0.0, LARGEST)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Thresholds to count at, and how the reported ones follow from the counts.

    Parameters
    ----------
    thresholds
        Shape ``(n_thresholds,)``, distances, increasing.
    items_at
        Positions of those at which items are counted one by one; ``None`` for nowhere.
    grid
        Thresholds of the calibration range; ``None`` where it cannot be formed, or where it
        is chosen from the counts.
    inner
        Where the grid is chosen from the counts: the thresholds it may have.
    zones
        Where each threshold that is chosen from the counts should lie, for the plan to hold.
    largest
        A threshold from which every pair is accepted.
    """

    thresholds: FloatArray
    items_at: IntArray | None
    grid: FloatArray | None
    inner: FloatArray | None = None
    zones: tuple[tuple[float, float], ...] = ()
    largest: float = LARGEST

    @property
    def is_final(self) -> bool:
        """Whether the plan was made from all pairs, so that no count can contradict it."""
        return self.inner is None


def final_plan(
    pool: Pool, scale: float, request: CountRequest, extent: Extent = PLAIN_EXTENT
) -> Plan:
    """Plan from all pairs: all thresholds are known before the count.

    Parameters
    ----------
    scale
        Of the numbers that make up distances, from the space that was pooled.
    extent
        Distances that no pair is below and none is above.

    Raises
    ------
    UndefinedMetric
        If the calibration range cannot be formed, unless all thresholds are wanted.
    """
    pooled = _pooled(pool, scale, request.distance)
    try:
        ends = calibration_range(pooled, request.calibration_range, request.distance)
    except UndefinedMetric:
        if not request.complete:
            raise
        ends = None
    grid = None if ends is None else np.linspace(*ends, request.n_thresholds)
    points = [threshold_at_far(pooled, far) for far in OPERATING_FARS]
    known = [point for point in points if point is not None]
    if not request.complete and grid is not None:
        thresholds = np.unique([*grid, *known, *request.thresholds])
        return Plan(thresholds, np.searchsorted(thresholds, grid), grid, largest=extent[1])
    smallest = threshold_at_far(pooled, min(OPERATING_FARS))
    unit = float(pooled.ticks[0]) if smallest is None else smallest
    ticks = _thinned(pooled.ticks, _gap(unit, float(pooled.ticks[-1]), extent) / 2)
    at_items = ticks[-1:] if grid is None else np.union1d(grid, _outside(ticks, grid))
    thresholds = np.unique([*ticks, *at_items, *known, *request.thresholds, extent[1]])
    return Plan(thresholds, np.searchsorted(thresholds, at_items), grid, largest=extent[1])


def plan_from_sample(
    pool: Pool, scale: float, request: CountRequest, extent: Extent = PLAIN_EXTENT
) -> Plan | None:
    """Plan from a sample of items: dense candidates where thresholds are expected.

    Parameters
    ----------
    extent
        Distances that no pair of the whole set is below and none is above.

    Returns
    -------
    Plan or None
        ``None`` where the sample cannot tell.
    """
    pooled = _pooled(pool, scale, request.distance)
    asked = request.calibration_range
    zones = [_zone(pooled, RangeBy.FAR, far) for far in (*OPERATING_FARS, *request.fars)]
    if request.given_range is None:
        # A larger threshold accepts more and rejects less.
        rates = sorted((asked.lo, asked.hi), reverse=asked.by is RangeBy.FRR)
        zones += [_zone(pooled, asked.by, rate) for rate in rates]
    found = [zone for zone in zones if zone is not None]
    if len(found) < len(zones):
        return None
    highest = max(hi for _, hi in found)
    gap = _gap(min(lo for lo, _ in found), highest, extent)
    parts = [ruler.every(*zone, gap, request.distance) for zone in found]
    grid, inner, lo, hi = _grid_candidates(request, found, extent)
    at_items = evenly(inner, lo, hi, _AT_ITEMS)
    if request.complete:
        parts.append(_everywhere(pooled, gap, request.distance, extent))
        start = lo / 2 if extent == PLAIN_EXTENT else 2 * lo - hi
        below = evenly(np.concatenate(parts), start, lo, _OUTSIDE)
        above = evenly(np.concatenate(parts), hi, 2 * hi - lo, _OUTSIDE)
        at_items = np.unique([*below, *at_items, *above])
    last = [extent[1]] if request.complete else []
    everything = np.concatenate([*parts, inner, at_items, request.thresholds, last])
    inside = (everything >= extent[0]) & (everything <= extent[1])
    thresholds = np.unique(everything[inside])
    return Plan(
        thresholds,
        np.searchsorted(thresholds, at_items),
        grid,
        inner,
        tuple(found),
        extent[1],
    )


def _grid_candidates(
    request: CountRequest, zones: list[tuple[float, float]], extent: Extent
) -> tuple[FloatArray | None, FloatArray, float, float]:
    """The grid if it is given, the thresholds that it may have, and where they lie."""
    if request.given_range is not None:
        grid = np.linspace(*request.given_range, request.n_thresholds)
        return grid, grid, *request.given_range
    lo, hi = zones[-2][0], zones[-1][1]
    step = (hi - lo) / request.n_thresholds
    inner = ruler.every(lo, hi, step / _CANDIDATES_A_STEP, request.distance)
    for zone in zones[-2:]:
        inner = np.union1d(inner, ruler.every(*zone, _gap(lo, hi, extent), request.distance))
    return None, inner, lo, hi


def _pooled(pool: Pool, scale: float, distance: Distance) -> DistanceHistogram:
    """Histogram between the thresholds that may be chosen: edges of filled cells, single pairs.

    The smallest distances of negative pairs are known one by one, so that also a handful
    of false accepts is used to the last. No threshold stands closer to one of them than
    rounding can tell.
    """
    filled = np.flatnonzero((pool.positive > 0) | (pool.negative > 0))
    edge = ruler.edges(filled + pool.first_cell)
    positive, negative = np.cumsum([pool.positive[filled], pool.negative[filled]], axis=1)
    lowest, tie = pool.lowest.astype(np.float64), _TIE * scale
    if not len(lowest):
        return _histogram(edge, positive, negative, distance)
    after = np.searchsorted(lowest, edge, side="right")
    around = np.concatenate([[-np.inf], lowest, [np.inf]])
    clear = (edge - around[after] > tie / 2) & (around[after + 1] - edge > tie / 2)
    clear |= edge >= lowest[-1]
    apart = np.flatnonzero(np.diff(lowest) > tie)
    cut = (lowest[apart] + lowest[apart + 1]) / 2
    below = np.append(0, positive)[np.searchsorted(edge, cut)]
    return _histogram(
        np.concatenate([cut, edge[clear]]),
        np.concatenate([below, positive[clear]]),
        np.concatenate([apart + 1, negative[clear]]),
        distance,
    )


def _histogram(
    cosine: FloatArray, positive: IntArray, negative: IntArray, distance: Distance
) -> DistanceHistogram:
    """Histogram of unordered cosine distances between the given edges."""
    order = np.argsort(cosine, kind="stable")
    of_positive, of_negative = np.diff([positive[order], negative[order]], axis=1, prepend=0)
    return DistanceHistogram(
        of_positive, of_negative, from_cosine_distance(cosine[order], distance)
    )


def _zone(pooled: DistanceHistogram, by: RangeBy, rate: float) -> tuple[float, float] | None:
    """Zone that certainly contains the threshold of a rate, estimated from a sample."""
    # The rarer an error, the fewer the sample has seen, and the more items make them all.
    n_pairs = float(pooled.positive.sum() + pooled.negative.sum())
    off = _ROOM / (2 * n_pairs) ** 0.25 * (0.1 / rate) ** 0.25
    # Positive pairs are fewer, and those of a class have much in common.
    room = 1 + (3 * off if by is RangeBy.FRR else off)
    if by is RangeBy.FRR:
        most = threshold_at_frr(pooled, min(rate * room, 0.999))
        return most, threshold_at_frr(pooled, rate / room)
    lo = threshold_at_far(pooled, rate / room)
    hi = threshold_at_far(pooled, min(rate * room, 0.999))
    return None if lo is None or hi is None else (lo, hi)


def _everywhere(
    pooled: DistanceHistogram, gap: float, distance: Distance, extent: Extent
) -> FloatArray:
    """Candidates over all plausible thresholds, and a few beyond."""
    far = threshold_at_far(pooled, _DENSE_FAR)
    least, largest = extent
    top = max(threshold_at_frr(pooled, _DENSE_FRR), least if far is None else far)
    first = float(pooled.ticks[0])
    beyond = max(largest, float(pooled.ticks[-1]))
    return np.concatenate(
        [
            ruler.every(max(first - 100 * gap, least), top, gap, distance),
            ruler.every(least, first, _SPARSE_GAP * gap / _GAP, distance),
            ruler.every(top, beyond, _SPARSE_GAP * gap / _GAP, distance),
        ]
    )


def _gap(smallest: float, highest: float, extent: Extent) -> float:
    """Largest gap between candidates, relative to the smallest threshold if that is small.

    With offsets distances do not begin at 0, so what counts is how far apart thresholds are.
    """
    size = abs(smallest)
    if extent != PLAIN_EXTENT:
        size = max(size, highest - smallest)
    return _GAP * min(1.0, 1.5 * max(size, 1e-5))


def _thinned(ticks: FloatArray, gap: float) -> FloatArray:
    """Remove ticks closer than the gap to a kept one, except for the first ones."""
    few = 4096
    if len(ticks) <= few:
        return ticks
    dense = ticks[few:]
    cell = np.floor(dense / gap)
    last_of_cell = np.append(cell[1:] != cell[:-1], True)
    return np.concatenate([ticks[:few], dense[last_of_cell]])


def _outside(ticks: FloatArray, grid: FloatArray) -> FloatArray:
    """Evenly spread ticks below and above the range."""
    below, above = ticks[ticks < grid[0]], ticks[ticks > grid[-1]]
    return np.concatenate([some(below, _OUTSIDE), some(above, _OUTSIDE)])
