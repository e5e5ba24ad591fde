"""Counts all pairs once more, between more thresholds where their order decides."""

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counting.tables import pooled_counts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance, to_cosine_distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.bins import Bins
from opiscli.engine.count import count_pooled
from opiscli.engine.kernels import kernel_for
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.workers import workers_of
from opiscli.progress import Progress
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_precision import Doubt, resolution

_MORE_THRESHOLDS = 8192


def count_finer(
    items: EmbeddingSet,
    doubt: Doubt,
    distance: Distance,
    resources: Resources,
    on_progress: Progress | None = None,
) -> DistanceHistogram:
    """Count the pairs of a set between the thresholds of earlier counts and more.

    Parameters
    ----------
    doubt
        The earlier counts, and which of their bins are to be divided.
    """
    space = PairSpace.within(Side.of(items), items.n_classes)
    largest = space.extent(distance)[1]
    thresholds = np.union1d(doubt.counts.ticks, _between(doubt, distance))
    with workers_of(resources) as workers:
        tally = count_pooled(
            space,
            Bins(thresholds, distance, largest),
            kernel=kernel_for(space.n_pairs),
            workers=workers,
            stage="order of pairs",
            on_progress=on_progress,
        )
    return pooled_counts(space, thresholds, tally, largest)


def _between(doubt: Doubt, distance: Distance) -> FloatArray:
    """Thresholds that divide the bins, as far as rounding allows pairs to be distinguished.

    They are half a step off the multiples of the step, so that tied distances, which are mostly
    round numbers, fall between two of them.
    """
    bounds = [doubt.bounds(bin) for bin in doubt.bins.tolist()]
    n_parts = max(2, _MORE_THRESHOLDS // len(bounds))
    parts = []
    for lo, hi in to_cosine_distance(np.array(bounds), distance).tolist():
        step = max(resolution(doubt.counts, distance), _power_of_two((hi - lo) / n_parts))
        numbers: IntArray = np.arange(np.floor(lo / step), np.ceil(hi / step) + 1)
        at = (numbers + 0.5) * step
        parts.append(at[(at > lo) & (at < hi)])
    return from_cosine_distance(np.concatenate(parts), distance)


def _power_of_two(least: float) -> float:
    return float(2.0 ** np.ceil(np.log2(least)))
