"""How much farther the best candidate of the next class is than the nearest candidate."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import BoolArray, FloatArray, IntArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance
from opiscli.neighbours.exact import Neighbours, NeighbourSearch
from opiscli.neighbours.match_ranks import CodedVectors
from opiscli.progress import Progress

_FIRST_DEPTH = 32
_TIMES_DEEPER = 8


@dataclass(frozen=True, slots=True, eq=False)
class ClassGaps:
    """Differences of distances for every query, shapes ``(n_queries,)``, at least 0.

    Parameters
    ----------
    own_to_other
        From the nearest candidate of the query's class to the nearest of another class; only where
        the former is the nearest of all.
    other_to_next
        From the nearest candidate of another class to the nearest of any further class. Infinite
        where there is no further class.
    """

    own_to_other: FloatArray
    other_to_next: FloatArray


def class_gaps(
    queries: CodedVectors,
    gallery: CodedVectors,
    distance: Distance,
    *,
    threads: int,
    on_progress: Progress | None = None,
) -> ClassGaps:
    """Search for the best candidates of the first classes of every query.

    Lists of neighbours are made longer until a second class besides that of the query appears.

    Parameters
    ----------
    queries
        The gallery itself, or items with its centre.
    distance
        What the gaps are measured in.
    """
    search = NeighbourSearch(queries, gallery, threads=threads)
    n_queries, n_gallery = len(queries.codes), len(gallery.codes)
    gaps = ClassGaps(*np.full((2, n_queries), np.inf))
    left, depth = np.arange(n_queries), _FIRST_DEPTH
    while left.size:
        is_all = depth >= n_gallery
        k = np.full(len(left), min(depth, n_gallery))
        unfinished = [
            found.queries[~_add(gaps, queries, gallery, found, distance)]
            for found in search.nearest(left, k)
        ]
        if on_progress is not None:
            n_left = 0 if is_all else sum(map(len, unfinished))
            on_progress("neighbours", (n_queries - n_left) * n_gallery, n_queries * n_gallery)
        left = np.sort(np.concatenate(unfinished))[: 0 if is_all else None]
        depth *= _TIMES_DEEPER
    return gaps


def _add(
    gaps: ClassGaps,
    queries: CodedVectors,
    gallery: CodedVectors,
    found: Neighbours,
    distance: Distance,
) -> BoolArray:
    """Enter what some lists show; return which of them are long enough."""
    has_offsets = queries.offset_values is not None or gallery.offset_values is not None
    inside = found.found >= 0
    codes = gallery.codes[found.found]
    is_own = codes == queries.codes[found.queries][:, None]
    is_other = inside & ~is_own
    first_code = np.take_along_axis(codes, _first(is_other), axis=1)
    is_next = is_other & (codes != first_code)
    at = [_nearest(found, mask) for mask in (inside & is_own, is_other, is_next)]
    tie = np.take_along_axis(found.tie, _first(is_other), axis=1)[:, 0]
    cosine = [one if has_offsets else one**2 / 2 for one in at]
    own, other, after = (from_cosine_distance(one, distance) for one in cosine)
    for gap, start, end, near, far in (
        (gaps.own_to_other, own, other, at[0], at[1]),
        (gaps.other_to_next, other, after, at[1], at[2]),
    ):
        with np.errstate(invalid="ignore"):  # neither is in the list
            difference = np.where(far - near <= tie, 0.0, end - start)
        gap[found.queries] = np.where(np.isfinite(start), np.maximum(difference, 0.0), np.inf)
    return np.asarray(is_next.any(axis=1))


def _first(mask: BoolArray) -> IntArray:
    return np.asarray(np.argmax(mask, axis=1)[:, None])


def _nearest(found: Neighbours, mask: BoolArray) -> FloatArray:
    """Distance of the first of some neighbours; infinite where there is none."""
    first = np.take_along_axis(found.distance, _first(mask), axis=1)[:, 0]
    return np.where(mask.any(axis=1), first, np.inf)
