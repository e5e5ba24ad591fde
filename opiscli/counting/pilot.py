"""Where a sample of items expects the thresholds, so that one pass knows where to look."""

from dataclasses import dataclass

import numpy as np

from opiscli.counting.request import OPERATING_FARS, CountRequest
from opiscli.counts.histogram import TICKS, DistanceHistogram, distance_histogram
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError
from opiscli.pairs.lattice import Lattice, union
from opiscli.settings.evaluation import RangeBy
from opiscli.thresholds.at_rate import threshold_at_far, threshold_at_frr

_PILOT_ITEMS = 6000
_ROOM = 0.25
"""How far a pilot's rate may be off at FAR 0.1: five standard errors of so many items, or more."""

CANDIDATES_A_STEP = 4
"""With fewer, the grid would feel that its thresholds are moved to candidates."""

_DENSE_FAR, _DENSE_FRR = 0.25, 0.01
"""Thresholds of a larger FAR and a smaller FRR are of little use, and need not be as fine."""

_SPARSE_GAP = 4e-3


@dataclass(frozen=True, slots=True)
class Expected:
    """Candidate thresholds, and the calibration range with room on both sides.

    Parameters
    ----------
    lattice
        Everything that may be chosen, with what is needed to the digit.
    for_grid
        The candidates for the inner thresholds of the grid.
    range_lo, range_hi
        Distances.
    """

    lattice: Lattice
    for_grid: Lattice
    range_lo: float
    range_hi: float


def expect(items: EmbeddingSet, request: CountRequest, threads: int) -> Expected | None:
    """Ask a pilot where the thresholds will be.

    Returns
    -------
    Expected or None
        ``None`` where a pilot cannot tell, or thresholds are closer than the ruler.
    """
    asked = request.calibration_range
    try:
        pilot = _pilot(items, whole_classes=asked.by is RangeBy.FRR)
    except EmbeddingError:
        return None
    of = distance_histogram(pilot, request.distance, side=1024, threads=threads)
    zones = [_zone(of, RangeBy.FAR, target) for target in OPERATING_FARS]
    if asked.by is RangeBy.DISTANCE:
        zones += [(asked.lo, asked.lo), (asked.hi, asked.hi)]
    else:
        # A larger threshold accepts more and rejects less.
        rates = sorted((asked.lo, asked.hi), reverse=asked.by is RangeBy.FRR)
        zones += [_zone(of, asked.by, rate) for rate in rates]
    found = [zone for zone in zones if zone is not None]
    if len(found) < len(zones):
        return None
    range_lo, range_hi = found[-2][0], found[-1][1]
    grid_step = (range_hi - range_lo) / request.n_thresholds
    inner = Lattice.covering(range_lo, range_hi, grid_step / CANDIDATES_A_STEP)
    lattice = union([inner, *(Lattice.covering(*zone) for zone in found)])
    everything = lattice | _everywhere(of) if request.complete else lattice
    exact = _to_the_digit(everything, request)
    return None if exact is None else Expected(exact, lattice, range_lo, range_hi)


def _to_the_digit(lattice: Lattice, request: CountRequest) -> Lattice | None:
    exact = np.array(request.thresholds)
    asked = request.calibration_range
    if asked.by is RangeBy.DISTANCE:
        exact = np.append(exact, np.linspace(asked.lo, asked.hi, request.n_thresholds))
    return lattice.with_extra(exact)


def _everywhere(of: DistanceHistogram) -> Lattice:
    """All ticks up to where nobody would put a threshold, and few beyond."""
    far = threshold_at_far(of, _DENSE_FAR)
    top = max(threshold_at_frr(of, _DENSE_FRR), 0.0 if far is None else far)
    return Lattice.covering(0.0, top) | Lattice.covering(top, TICKS[-2], _SPARSE_GAP)


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
        n_drawn = min(_PILOT_ITEMS, items.n_items)
        drawn = np.argpartition(items.fingerprints, n_drawn - 1)[:n_drawn]
        return items.subset(np.sort(drawn))
    order = np.argsort(np.minimum.reduceat(items.fingerprints, items.class_starts))
    enough = np.searchsorted(np.cumsum(items.class_sizes[order]), _PILOT_ITEMS) + 2
    return items.subset(np.isin(items.codes, order[:enough]))
