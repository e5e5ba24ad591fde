"""One compiled pass: count at candidate thresholds where a pilot saw the range, then choose."""

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counting.pilot import CANDIDATES_A_STEP, Expected, expect
from opiscli.counting.request import OPERATING_FARS, CountRequest, points
from opiscli.counting.two_passes import recall
from opiscli.counts.counts import Counts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress
from opiscli.errors import UndefinedMetric
from opiscli.metrics.recall import recall_sums
from opiscli.neighbours.match_ranks import match_ranks_from_nearest
from opiscli.pairs.lattice import Lattice
from opiscli.pairs.survey import Survey, accepted, binned, pooled, spread_counts, survey
from opiscli.settings.evaluation import RangeBy
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import calibration_range

_BYTES_A_THREAD = 48 << 20
_NOISE_THRESHOLDS = 65
"""Enough for the noise floor, a mean over all classes: 201 change it by less than 0.1 %."""
_OUTSIDE = 16
"""Thresholds on either side of the range at which items are counted, for another range later."""


def count_in_one_pass(
    items: EmbeddingSet,
    request: CountRequest,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counts | None:
    """Count once at candidate thresholds around where a pilot saw the range, then choose.

    Thresholds are chosen from exact counts, so the pilot moves no number: it only says
    where to look. The grid's inner thresholds are the nearest candidates, an eighth of
    a step from evenly spaced at most.

    Returns
    -------
    Counts or None
        ``None`` if the range lies outside of the candidates or is too narrow for them, or
        the counts do not fit into the memory limit: then two passes are needed.
    """
    expected = expect(items, request, resources.threads)
    if expected is None:
        return None
    coarse = _coarse(expected, complete=request.complete)
    if _bytes_for(items, expected.lattice, coarse, resources) > resources.memory_limit:
        return None
    home = survey(
        items,
        expected.lattice,
        coarse,
        request.distance,
        threads=resources.threads,
        sparse=request.complete,
        on_progress=on_progress,
    )
    histogram = pooled(home)
    grid = _grid(histogram, expected, request)
    is_exact = request.calibration_range.by is RangeBy.DISTANCE
    if grid is None or not _holds(home, histogram, grid, is_exact=is_exact):
        return None
    table = binned(home) if request.complete else accepted(home)
    return Counts(
        names=items.names,
        kernel="compiled",
        pooled=table.pooled if isinstance(table, BinnedCounts) else histogram,
        table=table,
        grid=grid,
        for_noise=spread_counts(home),
        retrieval=_retrieval(items, home, request.ks, resources),
        queries=items.class_sizes,
    )


def _coarse(expected: Expected, *, complete: bool) -> IntArray:
    """Positions of the thresholds at which items are counted one by one."""
    lattice, lo, hi = expected.lattice, expected.range_lo, expected.range_hi
    # The same ones whether complete or not.
    narrow = expected.for_grid
    inside = narrow.thresholds[narrow.between(lo, hi, _NOISE_THRESHOLDS)]
    positions = lattice.nearest(inside)
    if not complete:
        return positions
    known = lattice.thresholds
    below = lattice.between(max(lo / 2, known[0]), inside[0], _OUTSIDE)
    above = lattice.between(inside[-1], min(2 * hi - lo, known[-1]), _OUTSIDE)
    return np.unique(np.concatenate([below, positions, above]))


def _bytes_for(
    items: EmbeddingSet, lattice: Lattice, coarse: IntArray, resources: Resources
) -> int:
    tables = items.n_classes * (lattice.n_thresholds + 1) * 2
    sums = items.n_classes * len(coarse) * 5
    counts = items.n_items * (len(coarse) + 1) * 2
    # Embeddings twice, because an index keeps its own.
    return (
        2 * items.unit_rows.nbytes
        + 4 * tables
        + 8 * sums
        + 4 * counts
        + (resources.threads * _BYTES_A_THREAD)
    )


def _grid(
    histogram: DistanceHistogram, expected: Expected, request: CountRequest
) -> FloatArray | None:
    """Evenly spaced thresholds over the range, each moved to the nearest candidate."""
    asked = request.calibration_range
    try:
        lo, hi = calibration_range(histogram, asked)
    except UndefinedMetric:
        return None
    even = np.linspace(lo, hi, request.n_thresholds)
    if asked.by is RangeBy.DISTANCE:
        return even
    candidates = expected.for_grid.thresholds
    if not candidates[0] <= lo < hi <= candidates[-1]:
        return None
    grid = candidates[expected.for_grid.nearest(even)]
    step = even[1] - even[0]
    return grid if np.abs(grid - even).max() <= step / CANDIDATES_A_STEP else None


def _holds(home: Survey, histogram: DistanceHistogram, grid: FloatArray, *, is_exact: bool) -> bool:
    """Whether every threshold lies where candidates are dense, and items were counted."""
    lattice = home.lattice
    found = points(histogram)
    lo, hi = (lattice.position(end) for end in grid[[0, -1]])
    covered = home.coarse[0] <= lo and hi <= home.coarse[-1]
    chosen = [*found.values()] if is_exact else [*grid[[0, -1]], *found.values()]
    dense = all(lattice.is_dense_at(lattice.position(threshold)) for threshold in chosen)
    return covered and dense and len(found) == len(OPERATING_FARS)


def _retrieval(
    items: EmbeddingSet, home: Survey, ks: tuple[int, ...], resources: Resources
) -> dict[str, FloatArray]:
    if not ks or max(ks) > 1:
        return recall(items, ks, resources)
    ranks = match_ranks_from_nearest(
        items, home.nearest_positive, home.nearest_negative, threads=resources.threads
    )
    return recall_sums(ranks, ks, items.n_classes)
