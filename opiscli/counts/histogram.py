"""Pooled counts of all distances on a fixed ruler: where to put a threshold."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from opiscli.arrays import BoolArray, FloatArray, IntArray
from opiscli.distance import LARGEST, from_cosine_distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress, sweep
from opiscli.pairs.tiles import NOT_A_PAIR, Block, cosine_distances
from opiscli.settings.evaluation import Distance

STEP = 2.0**-14
"""Distance between two ticks, 6.1e-5."""

# Ticks stand half a step off the multiples of STEP, so that the round distances at which
# tied data piles up (0, 0.5, 1) fall in the middle of a bin and rounding cannot split them.
TICKS: FloatArray = np.minimum((np.arange(int(LARGEST / STEP) + 1) + 0.5) * STEP, LARGEST)
TICKS.flags.writeable = False


@dataclass(frozen=True, slots=True)
class DistanceHistogram:
    """How many positive and negative pairs lie in each bin of a ruler.

    Bin ``k`` holds the distances in ``(ticks[k-1], ticks[k]]``. Two histograms of
    disjoint pairs on one ruler add up to that of all of them.

    Parameters
    ----------
    positive, negative
        Shape ``(n_ticks,)``, pairs.
    ticks
        Shape ``(n_ticks,)``, distances, increasing; the last is the largest there can be.
    """

    positive: IntArray
    negative: IntArray
    ticks: FloatArray

    @classmethod
    def of_bins(
        cls, positive: IntArray, negative: IntArray, thresholds: FloatArray, is_tick: BoolArray
    ) -> "DistanceHistogram":
        """Make one of pairs between thresholds, of which only some are to be ticks."""
        at_tick = np.cumsum([positive, negative], axis=1)[:, is_tick]
        of_positive, of_negative = np.diff(at_tick, prepend=0, axis=1)
        return cls(of_positive, of_negative, thresholds[is_tick])

    def __add__(self, other: "DistanceHistogram") -> "DistanceHistogram":
        return DistanceHistogram(
            self.positive + other.positive, self.negative + other.negative, self.ticks
        )


def count_distances(of: Block, distance: Distance) -> DistanceHistogram:
    """Kernel: sort the pairs of a block into the bins of the ruler."""
    pairs = np.flatnonzero(of.similarity > NOT_A_PAIR)
    bins = _bin(from_cosine_distance(cosine_distances(of, pairs), distance))
    total = np.bincount(bins, minlength=len(TICKS))
    if not of.has_positives:
        return DistanceHistogram(np.zeros_like(total), total, TICKS)
    same = np.equal.outer(of.row_codes, of.column_codes).ravel()[pairs]
    positive = np.bincount(bins[same], minlength=len(TICKS))
    return DistanceHistogram(positive, total - positive, TICKS)


def distance_histogram(
    items: EmbeddingSet,
    distance: Distance,
    *,
    side: int,
    threads: int,
    on_progress: Progress | None = None,
) -> DistanceHistogram:
    """Count all pairs of a set on the ruler."""
    positive, negative = np.zeros((2, len(TICKS)), dtype=np.int64)
    for _, counted in sweep(
        items,
        partial(count_distances, distance=distance),
        side=side,
        threads=threads,
        stage="distances",
        on_progress=on_progress,
    ):
        positive += counted.positive
        negative += counted.negative
    return DistanceHistogram(positive, negative, TICKS)


def _bin(distances: FloatArray) -> IntArray:
    """First tick not below each distance: exactly ``searchsorted(TICKS, distances)``."""
    # Exact, because dividing by a power of two and subtracting one half do not round here.
    bins = np.ceil(distances / STEP - 0.5).astype(np.int64)
    return np.asarray(np.clip(bins, 0, len(TICKS) - 1, out=bins))
