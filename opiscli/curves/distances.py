"""How far apart pairs of one class are, and pairs of two classes."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.curves.naming import short_name
from opiscli.pairs.histogram import DistanceHistogram
from opiscli.results import Evaluation


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


def distances(pooled: DistanceHistogram, of: Evaluation, n_bins: int = 160) -> Distances:
    """Gather the bins of the ruler into at most ``n_bins`` wider ones that hold every pair."""
    boundaries = np.append(0.0, pooled.ticks)
    filled = np.flatnonzero(pooled.positive + pooled.negative)
    first, last = int(filled[0]), int(filled[-1]) + 1
    even = np.linspace(boundaries[first], boundaries[last], n_bins + 1)
    # Where the ruler is coarse, the wider bins are not all of one width.
    at = np.unique(np.clip(np.searchsorted(boundaries, even), first, last))
    return Distances(
        source=short_name(of),
        distance=of.distance,
        edges=boundaries[at],
        positive=np.add.reduceat(pooled.positive, at[:-1]),
        negative=np.add.reduceat(pooled.negative, at[:-1]),
        marks=marks(of),
    )


def marks(of: Evaluation) -> tuple[Mark, ...]:
    """Operating points of an evaluation that are attainable."""
    return tuple(
        Mark(point.target_far, point.threshold, point.far.value, point.frr.value)
        for point in of.operating_points
        if point.threshold is not None and point.far is not None and point.frr is not None
    )
