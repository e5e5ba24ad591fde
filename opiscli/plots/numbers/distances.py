"""How far apart same-class pairs are, and different-class pairs."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.counts import CountedSet
from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.thresholds.at_rate import operating_thresholds

_FINE = 10_000
"""The first edge is this part of all distances below the first threshold."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A threshold worth a line in a picture: that of a FAR target, with what it attains."""

    target_far: float
    threshold: float
    far: float
    frr: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """Pairs in bins of about equal width.

    Parameters
    ----------
    edges
        Shape ``(n_bins + 1,)``, distances; bin ``j`` holds those in
        ``(edges[j], edges[j + 1]]``. Of given similarities the scores, the lower edge included.
    positive, negative
        Shape ``(n_bins,)``, pairs.
    marks
        The attainable operating points.
    """

    source: str
    distance: str
    edges: FloatArray
    positive: IntArray
    negative: IntArray
    marks: tuple[Mark, ...]


def distances(name: str, run: CountedSet, n_bins: int = 160) -> Distances:
    """Gather the bins of the ruler into at most ``n_bins`` wider ones that hold every pair."""
    pooled = run.counted.pooled
    filled = (pooled.positive > 0) | (pooled.negative > 0)
    ticks = pooled.ticks[filled]
    lowest = float(ticks[0]) - (float(ticks[-1]) - float(ticks[0])) / _FINE
    # Below zero only with offsets, or scores that were given.
    start = lowest if ticks[0] < 0 or run.settings.distance.is_given else max(lowest, 0.0)
    even = np.linspace(start, float(ticks[-1]), n_bins + 1)
    width = even[1] - even[0]
    at = np.searchsorted(ticks, even, side="right")
    # An edge inside a bin of the ruler moves to where that bin begins, an edge in a gap stays.
    below = ticks[np.maximum(at - 1, 0)]
    edges = np.where((at > 0) & (even - below < width / 2), below, even)
    edges, first = np.unique(edges, return_index=True)
    positive, negative = (
        np.diff(np.append(0, np.cumsum(pairs[filled]))[at[first]])
        for pairs in (pooled.positive, pooled.negative)
    )
    measured = run.settings.distance
    if measured is Distance.GIVEN_SIMILARITY:
        edges, positive, negative = 0.0 - edges[::-1], positive[::-1], negative[::-1]
    return Distances(
        source=name,
        distance=measured,
        edges=edges,
        positive=positive,
        negative=negative,
        marks=marks(pooled, measured),
    )


def marks(pooled: DistanceHistogram, measured: Distance) -> tuple[Mark, ...]:
    """Attainable operating points, with thresholds as they are shown."""
    accepted = np.cumsum([pooled.negative, pooled.positive], axis=1)
    found = []
    for target, threshold in operating_thresholds(pooled).items():
        far, tar = accepted[:, np.searchsorted(pooled.ticks, threshold)] / accepted[:, -1]
        found.append(Mark(target, measured.shown(threshold), float(far), float(1 - tar)))
    return tuple(found)
