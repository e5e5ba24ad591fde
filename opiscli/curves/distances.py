"""How far apart pairs of one class are, and pairs of two classes."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counted import Run
from opiscli.counting.request import points
from opiscli.pairs.histogram import DistanceHistogram


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
        ``(edges[j], edges[j + 1]]``.
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


def distances(name: str, run: Run, n_bins: int = 160) -> Distances:
    """Gather the bins of the ruler into at most ``n_bins`` wider ones that hold every pair."""
    pooled = run.counted.pooled
    boundaries = np.append(0.0, pooled.ticks)
    filled = np.flatnonzero(pooled.positive + pooled.negative)
    first, last = int(filled[0]), int(filled[-1]) + 1
    even = np.linspace(boundaries[first], boundaries[last], n_bins + 1)
    # Where the ruler is coarse, the wider bins are not all of one width.
    at = np.unique(np.clip(np.searchsorted(boundaries, even), first, last))
    return Distances(
        source=name,
        distance=run.settings.distance,
        edges=boundaries[at],
        positive=np.add.reduceat(pooled.positive, at[:-1]),
        negative=np.add.reduceat(pooled.negative, at[:-1]),
        marks=marks(pooled),
    )


def marks(pooled: DistanceHistogram) -> tuple[Mark, ...]:
    """Attainable operating points."""
    accepted = np.cumsum([pooled.negative, pooled.positive], axis=1)
    found = []
    for target, threshold in points(pooled).items():
        far, tar = accepted[:, np.searchsorted(pooled.ticks, threshold)] / accepted[:, -1]
        found.append(Mark(target, threshold, float(far), float(1 - tar)))
    return tuple(found)
