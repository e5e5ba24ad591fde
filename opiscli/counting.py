"""How the pairs of an evaluation are counted: in two plain passes, or in one compiled pass."""

from dataclasses import dataclass
from importlib import import_module

import numpy as np

from opiscli.arrays import IntArray
from opiscli.calibration import calibration_range, threshold_at_far, threshold_at_frr
from opiscli.embeddings import EmbeddingSet
from opiscli.errors import EmbeddingError, UndefinedMetric
from opiscli.pairs.counts import PairCounts, SpreadCounts, count_pairs
from opiscli.pairs.histogram import DistanceHistogram, distance_histogram
from opiscli.pairs.lattice import Lattice, union
from opiscli.pairs.neighbours import MatchRanks, match_ranks, match_ranks_from_nearest
from opiscli.pairs.survey import Survey, counts_at, pooled, spread_counts, survey
from opiscli.pairs.sweep import Progress
from opiscli.pairs.tiles import tile_side
from opiscli.resources import Resources
from opiscli.settings import EvaluationSettings, RangeBy, RangeRequest

OPERATING_FARS = (1e-1, 1e-2, 1e-3)

_COMPILED_FROM = 50_000_000
"""Pairs from which on the compiled pass makes up for loading its compiler."""

_PILOT_ITEMS = 6000
_ROOM = 0.25
"""How far a pilot's rate may be off at FAR 0.1: five standard errors of so many items, or more."""

_CANDIDATES_A_STEP = 4
"""With fewer, the grid would feel that its thresholds are moved to candidates."""

_BYTES_A_THREAD = 48 << 20
_NOISE_THRESHOLDS = 65
"""Enough for the noise floor, a mean over all classes: 201 change it by less than 0.1 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Everything that was counted; what follows sees no embedding.

    Parameters
    ----------
    on_grid
        All classes at the thresholds of the calibration range.
    for_noise
        All classes, with the spread of their items, over the calibration range.
    at_targets
        All classes at the one threshold of each attainable FAR target.
    ranks
        Of every item with another of its class.
    """

    on_grid: PairCounts
    for_noise: SpreadCounts
    at_targets: dict[float, PairCounts]
    ranks: MatchRanks


def is_compiled(items: EmbeddingSet) -> bool:
    """Whether the compiled kernel is installed and the set large enough for it."""
    if items.n_pairs < _COMPILED_FROM:
        return False
    try:
        import_module("numba")
    except ImportError:  # not there, or not yet made for this version of NumPy
        return False
    return True


def count(
    items: EmbeddingSet,
    settings: EvaluationSettings,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counted:
    """Count all pairs of a set, whichever way is quicker.

    Raises
    ------
    UndefinedMetric
        If the calibration range cannot be formed.
    UsageError
        If the memory limit is too small.
    """
    if is_compiled(items):
        counted = count_in_one_pass(items, settings, resources, on_progress)
        if counted is not None:
            return counted
    return count_in_two_passes(items, settings, resources, on_progress)


def count_in_two_passes(
    items: EmbeddingSet,
    settings: EvaluationSettings,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counted:
    """Find the thresholds with one pass over all pairs, then count at them with another."""
    n_columns = settings.n_thresholds + len(OPERATING_FARS)
    side = tile_side(
        items.n_items,
        # Embeddings twice, because the index keeps its own; two int32 counts per threshold.
        fixed_bytes=2 * items.unit.nbytes + 8 * items.n_items * n_columns,
        bytes_per_item=2 * 8 * n_columns,
        resources=resources,
    )
    threads = resources.threads
    histogram = distance_histogram(
        items, settings.distance, side=side, threads=threads, on_progress=on_progress
    )
    ends = calibration_range(histogram, settings.calibration_range)
    grid = np.linspace(*ends, settings.n_thresholds)
    points = _points(histogram)
    thresholds = np.unique(np.concatenate([grid, list(points.values())]))
    counts = count_pairs(
        items, thresholds, settings.distance, side=side, threads=threads, on_progress=on_progress
    )
    on_grid = counts.at(np.searchsorted(thresholds, grid))
    return Counted(
        on_grid=on_grid,
        for_noise=on_grid,
        at_targets={
            target: counts.at(np.searchsorted(thresholds, [point]))
            for target, point in points.items()
        },
        ranks=match_ranks(items, max(settings.ks), threads=threads, on_progress=on_progress),
    )


def count_in_one_pass(
    items: EmbeddingSet,
    settings: EvaluationSettings,
    resources: Resources,
    on_progress: Progress | None = None,
) -> Counted | None:
    """Count once at candidate thresholds around where a pilot saw the range, then choose.

    Thresholds are chosen from exact counts, so the pilot moves no number: it only says
    where to look. The grid's inner thresholds are the nearest candidates, an eighth of
    a step from evenly spaced at most.

    Returns
    -------
    Counted or None
        ``None`` if the range lies outside of the candidates or is too narrow for them, or
        the counts do not fit into the memory limit: then two passes are needed.
    """
    expected = _expected(items, settings, resources.threads)
    if expected is None:
        return None
    lattice, (range_lo, range_hi) = expected
    coarse = lattice.between(range_lo, range_hi, _NOISE_THRESHOLDS)
    if _bytes_for(items, lattice, coarse, resources) > resources.memory_limit:
        return None
    home = survey(
        items,
        lattice,
        coarse,
        settings.distance,
        threads=resources.threads,
        on_progress=on_progress,
    )
    chosen = _choose(home, items, settings.calibration_range)
    if chosen is None:
        return None
    ends, points = chosen
    lo, hi = (float(lattice.thresholds[end]) for end in ends)
    even = np.linspace(lo, hi, settings.n_thresholds)
    grid = lattice.nearest(even)
    if np.abs(lattice.thresholds[grid] - even).max() > (even[1] - even[0]) / _CANDIDATES_A_STEP:
        return None
    return Counted(
        on_grid=counts_at(home, grid, items.class_sizes),
        for_noise=spread_counts(home, items.class_sizes),
        at_targets={
            target: counts_at(home, np.array([point]), items.class_sizes)
            for target, point in points.items()
        },
        ranks=match_ranks(items, max(settings.ks), threads=resources.threads)
        if max(settings.ks) > 1
        else match_ranks_from_nearest(
            items, home.nearest_positive, home.nearest_negative, threads=resources.threads
        ),
    )


def _expected(
    items: EmbeddingSet, settings: EvaluationSettings, threads: int
) -> tuple[Lattice, tuple[float, float]] | None:
    """Candidates where a pilot expects the thresholds, and the range with room on both sides."""
    request = settings.calibration_range
    if request.by is RangeBy.DISTANCE:
        return None  # thresholds given to the digit are not moved to a candidate
    try:
        pilot = _pilot(items, whole_classes=request.by is RangeBy.FRR)
    except EmbeddingError:
        return None
    of = distance_histogram(pilot, settings.distance, side=1024, threads=threads)
    zones = [_zone(of, RangeBy.FAR, target) for target in OPERATING_FARS]
    # A larger threshold accepts more and rejects less.
    lower, upper = sorted((request.lo, request.hi), reverse=request.by is RangeBy.FRR)
    ends = _zone(of, request.by, lower), _zone(of, request.by, upper)
    found = [zone for zone in (*zones, *ends) if zone is not None]
    if len(found) < len(zones) + len(ends):
        return None
    range_lo, range_hi = found[-2][0], found[-1][1]
    grid_step = (range_hi - range_lo) / settings.n_thresholds
    inner = Lattice.covering(range_lo, range_hi, grid_step / _CANDIDATES_A_STEP)
    return union([inner, *(Lattice.covering(*zone) for zone in found)]), (range_lo, range_hi)


def _zone(of: DistanceHistogram, by: RangeBy, rate: float) -> tuple[float, float] | None:
    """Where the threshold of a rate lies for sure, from what a pilot saw."""
    # The rarer an error, the fewer the pilot has seen, and the more items make them all.
    room = 1 + _ROOM * (0.1 / rate) ** 0.25
    if by is RangeBy.FRR:
        return threshold_at_frr(of, min(rate * room, 0.999)), threshold_at_frr(of, rate / room)
    lo, hi = threshold_at_far(of, rate / room), threshold_at_far(of, min(rate * room, 0.999))
    return None if lo is None or hi is None else (lo, hi)


def _pilot(items: EmbeddingSet, *, whole_classes: bool) -> EmbeddingSet:
    """Draw a few thousand items; whole classes where positive pairs are what matters.

    Drawn by what the items are, so that the order of rows has no say.
    """
    if not whole_classes:
        drawn = np.argpartition(items.fingerprints, _PILOT_ITEMS)[:_PILOT_ITEMS]
        return items.subset(np.sort(drawn))
    order = np.argsort(np.minimum.reduceat(items.fingerprints, items.class_starts))
    enough = np.searchsorted(np.cumsum(items.class_sizes[order]), _PILOT_ITEMS) + 2
    return items.subset(np.isin(items.codes, order[:enough]))


def _bytes_for(
    items: EmbeddingSet, lattice: Lattice, coarse: IntArray, resources: Resources
) -> int:
    tables = items.n_classes * (lattice.n_thresholds + 1) * 2
    sums = items.n_classes * len(coarse) * 5
    counts = items.n_items * (len(coarse) + 1) * 2
    # Embeddings twice, because an index keeps its own.
    return (
        2 * items.unit.nbytes
        + 4 * tables
        + 8 * sums
        + 4 * counts
        + (resources.threads * _BYTES_A_THREAD)
    )


def _choose(
    home: Survey, items: EmbeddingSet, request: RangeRequest
) -> tuple[tuple[int, int], dict[float, int]] | None:
    """Positions in the lattice of the range's ends and of each target's threshold."""
    n_positive = int((items.class_sizes * (items.class_sizes - 1) // 2).sum())
    histogram = pooled(home, n_positive, items.n_pairs - n_positive)
    try:
        ends = calibration_range(histogram, request)
    except UndefinedMetric:
        return None
    points = _points(histogram)
    position = home.lattice.position
    found = [position(end) for end in ends] + [position(point) for point in points.values()]
    inside = all(home.lattice.is_dense_at(p) for p in found)
    covered = home.coarse[0] <= found[0] and found[1] <= home.coarse[-1]
    if not inside or not covered or len(points) < len(OPERATING_FARS):
        return None
    return (found[0], found[1]), dict(zip(points, found[2:], strict=True))


def _points(histogram: DistanceHistogram) -> dict[float, float]:
    """Threshold of each attainable target."""
    points = {target: threshold_at_far(histogram, target) for target in OPERATING_FARS}
    return {target: point for target, point in points.items() if point is not None}
