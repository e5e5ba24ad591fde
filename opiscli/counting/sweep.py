"""The main recipe: plan from a sample, count, choose; if that fails, plan from all pairs."""

from dataclasses import dataclass, replace

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counting.evenly import nearest
from opiscli.counting.plan import Plan, final_plan, plan_from_sample
from opiscli.counting.request import CountRequest
from opiscli.counting.tables import pooled_counts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.engine.bins import Bins
from opiscli.engine.count import count, count_pooled
from opiscli.engine.executors import Workers
from opiscli.engine.memory import bytes_needed, require_memory
from opiscli.engine.pool import Pool, pool
from opiscli.engine.space import PairSpace
from opiscli.engine.tally import Tally
from opiscli.errors import UndefinedMetric
from opiscli.progress import Progress
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import (
    OPERATING_FARS,
    calibration_range,
    operating_thresholds,
    threshold_at_far,
)

_N_LOWEST = 4096
_LARGEST_STEP_OFF = 0.4
"""Part of a step of the grid by which a threshold may be moved to a candidate."""


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """How to count: the request and the resources.

    Parameters
    ----------
    request
        What is asked for.
    resources
        Threads and memory.
    kernel
        Name of the kernel.
    workers
        What pairs are counted on.
    on_progress
        Whom to tell.
    by_item
        Whether items are counted one by one; needless where no class has enough of them for
        its noise to be estimated.
    """

    request: CountRequest
    resources: Resources
    kernel: str
    workers: Workers
    on_progress: Progress | None = None
    by_item: bool = True

    def items_at(self, plan: Plan) -> IntArray | None:
        """Positions of the thresholds at which counts per item are kept."""
        return plan.items_at if self.by_item else None


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """A tally with the thresholds chosen from it.

    Parameters
    ----------
    plan
        At which thresholds pairs were counted.
    tally
        The counts.
    pooled
        All classes together.
    grid
        Thresholds of the calibration range; ``None`` where it cannot be formed.
    """

    plan: Plan
    tally: Tally
    pooled: DistanceHistogram
    grid: FloatArray | None

    @property
    def chosen(self) -> FloatArray:
        """Thresholds of the grid and of the operating points, increasing."""
        grid = np.empty(0) if self.grid is None else self.grid
        return np.unique([*grid, *operating_thresholds(self.pooled).values()])


def sweep(space: PairSpace, sample: PairSpace, how: Sweep) -> Counted:
    """Count all pairs of a space at candidate thresholds from a sample.

    Thresholds are chosen from exact counts, so the sample moves no number: it only says
    where to look. Where it does not contain what is chosen, or is all there is, thresholds
    are planned from all pairs.

    Parameters
    ----------
    sample
        Pairs of some of the items; the space itself where it is small.

    Raises
    ------
    UndefinedMetric
        If the calibration range cannot be formed.
    UsageError
        If the memory limit is too small.
    """
    if sample is not space:
        with_sample = _fitting(space, expected_plan(sample, how, space), how)
        counted = None if with_sample is None else _count(space, with_sample, how)
        if counted is not None:
            return counted
    _require_grid(space, how)
    everything = _pool(space, how, n_lowest=_N_LOWEST)
    # All thresholds are cheap where they are planned from all pairs.
    request = replace(how.request, complete=how.request.keeps_bins)
    plan = final_plan(everything, space.magnitude, request, space.extent(request.distance))
    counted = _count(space, plan, how)
    if counted is None:
        raise AssertionError("a plan made from all pairs holds")
    return counted


def count_at(space: PairSpace, plan: Plan, how: Sweep, stage: str = "pairs") -> Tally:
    """Count all pairs of a space at the thresholds of a plan."""
    require_memory(
        space, len(plan.thresholds), how.items_at(plan), how.resources, how.request.keeps_bins
    )
    return count(
        space,
        Bins(plan.thresholds, how.request.distance, plan.largest),
        items_at=how.items_at(plan),
        kernel=how.kernel,
        workers=how.workers,
        stage=stage,
        on_progress=how.on_progress,
    )


def expected_plan(sample: PairSpace, how: Sweep, space: PairSpace) -> Plan | None:
    """Candidate thresholds for a space, from a sample of its items."""
    pooled = _pool(sample, how, n_lowest=0)
    extent = space.extent(how.request.distance)
    return plan_from_sample(pooled, sample.magnitude, how.request, extent)


def chosen_grid(plan: Plan, pooled: DistanceHistogram, request: CountRequest) -> FloatArray | None:
    """Evenly spaced thresholds over the range, each moved to the nearest candidate.

    Returns
    -------
    FloatArray or None
        ``None`` if the candidates do not hold the range.
    """
    if plan.grid is not None or plan.inner is None:
        return plan.grid
    try:
        lo, hi = calibration_range(pooled, request.calibration_range, request.distance)
    except UndefinedMetric:
        return None
    even = np.linspace(lo, hi, request.n_thresholds)
    grid = nearest(plan.inner, even)
    grid[[0, -1]] = lo, hi
    off = np.abs(grid - even).max()
    return grid if off <= _LARGEST_STEP_OFF * (even[1] - even[0]) else None


def _pool(space: PairSpace, how: Sweep, *, n_lowest: int) -> Pool:
    return pool(
        space,
        n_lowest=n_lowest,
        workers=how.workers,
        on_progress=how.on_progress,
    )


def _count(space: PairSpace, plan: Plan, how: Sweep) -> Counted | None:
    tally = count_at(space, plan, how)
    pooled = pooled_counts(space, plan.thresholds, tally, plan.largest)
    grid = chosen_grid(plan, pooled, how.request)
    if not plan.is_final and not _holds(plan, pooled, grid, how.request):
        return None
    return Counted(plan, tally, pooled, grid)


def _holds(
    plan: Plan, pooled: DistanceHistogram, grid: FloatArray | None, request: CountRequest
) -> bool:
    """Whether every chosen threshold lies where candidates are dense."""
    points = operating_thresholds(pooled)
    if grid is None or len(points) < len(OPERATING_FARS) or plan.items_at is None:
        return False
    at_fars = [threshold_at_far(pooled, far) for far in request.fars]
    chosen = [*points.values(), *(-np.inf if at is None else at for at in at_fars)]
    if request.given_range is None:
        chosen += [grid[0], grid[-1]]
    dense = all(lo <= at <= hi for at, (lo, hi) in zip(chosen, plan.zones, strict=True))
    first, last = plan.thresholds[plan.items_at[[0, -1]]]
    return bool(dense and first <= grid[0] and grid[-1] <= last)


def _fitting(space: PairSpace, plan: Plan | None, how: Sweep) -> Plan | None:
    """The plan itself if it fits into memory, or the thresholds that would be chosen by it.

    They are known from a count of all classes together, for which there is always room. It takes
    a second count, but looking at all pairs without a plan takes several times as long.
    """
    if plan is None:
        return None
    n_thresholds, threads = len(plan.thresholds), how.resources.threads
    keeps_bins = how.request.keeps_bins
    need = bytes_needed(space, n_thresholds, how.items_at(plan), threads, keeps_bins)
    if need <= how.resources.memory_limit:
        return plan
    if keeps_bins:
        return None
    _require_grid(space, how)
    tally = count_pooled(
        space,
        Bins(plan.thresholds, how.request.distance, plan.largest),
        kernel=how.kernel,
        workers=how.workers,
        stage="thresholds",
        on_progress=how.on_progress,
    )
    pooled = pooled_counts(space, plan.thresholds, tally, plan.largest)
    grid = chosen_grid(plan, pooled, how.request)
    if grid is None or not _holds(plan, pooled, grid, how.request):
        return None
    points = operating_thresholds(pooled).values()
    thresholds = np.unique([*grid, *points, *how.request.thresholds])
    at_items = np.searchsorted(thresholds, grid)
    return replace(plan, thresholds=thresholds, items_at=at_items, grid=grid, inner=None)


def _require_grid(space: PairSpace, how: Sweep) -> None:
    """Raise `UsageError` if not even the grid fits, before all pairs are looked at."""
    grid = np.arange(how.request.n_thresholds)
    items_at = grid if how.by_item else None
    require_memory(space, len(grid), items_at, how.resources, how.request.keeps_bins)
