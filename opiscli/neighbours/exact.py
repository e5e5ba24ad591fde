"""Exact nearest-neighbour search: FAISS proposes, and float64 resolves near-ties of float32.

Neither the order of rows nor the processor decides which of two neighbours is nearer. Tolerances
are for vectors of length one; of centred vectors, which are shorter, they are as much smaller.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from opiscli.neighbours.faiss_threads import held_to

TIE = 2.0**-22
"""Two distances this close are the same: what rounding vectors to float32 can move them."""

CERTAIN = 4e-6
"""Cosine distances from a float32 product further apart than this are certainly no tie."""

NEIGHBOURS_AT_ONCE = 1 << 22

_SLACK = 8
"""Longer than needed by so many neighbours, to see where a tie ends."""

_QUERIES_AT_ONCE = 1024
_GALLERY_AT_ONCE = 4096
_PAIRS_AT_ONCE = 4096


class Vectors(Protocol):
    """Items to search for or among, such as an `EmbeddingSet`."""

    @property
    def vectors(self) -> Float32Array:
        """Shape ``(n_items, dims)``."""

    @property
    def half_squares(self) -> Float32Array | None:
        """Shape ``(n_items,)``, half of each vector's squared length; ``None`` if all are 1/2."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The k nearest neighbours of some queries, including all that tie with the k-th.

    Parameters
    ----------
    queries
        Shape ``(n_queries,)``, positions among all queries.
    found
        Shape ``(n_queries, depth)``, positions in the gallery; -1 after the end of a list.
    distance
        Same shape, Euclidean, ascending, infinite after the end of a list. In float64 where
        two are close to one another, else as precise as a float32 product.
    tie
        Same shape, how close to each distance another one is the same.
    """

    queries: IntArray
    found: IntArray
    distance: FloatArray
    tie: FloatArray


class _Unsettled(NamedTuple):
    """Queries whose lists end within a tie, with bounds (half squares) of their k nearest."""

    queries: IntArray
    at_most: FloatArray


class NeighbourSearch:
    """An exact index of a gallery, searched for items of another set or of the gallery itself.

    Parameters
    ----------
    queries
        With the centre of the gallery. If they are the gallery, no item is its own neighbour:
        items are told apart by row, so exact duplicates are ordinary neighbours.
    """

    def __init__(self, queries: Vectors, gallery: Vectors, *, threads: int) -> None:
        # Only here: counts that were read, or counted without neighbours, need no FAISS.
        import faiss

        self._queries, self._gallery = queries, gallery
        self._is_within = queries is gallery
        self._n_items = len(gallery.vectors)
        self._n_others = self._n_items - self._is_within
        dims = gallery.vectors.shape[1]
        is_unit = gallery.half_squares is None
        self._index = faiss.IndexFlatIP(dims) if is_unit else faiss.IndexFlatL2(dims)
        self._threads = threads
        self._index.add(gallery.vectors)

    def nearest(
        self, queries: IntArray, k: IntArray, *, at_once: int = NEIGHBOURS_AT_ONCE
    ) -> Iterator[Neighbours]:
        """Find the k nearest of each query, in batches; the queries come in any order.

        Parameters
        ----------
        queries
            Positions; with similar ``k`` next to one another, memory is used best.
        k
            Shape of ``queries``, at least 1.
        at_once
            Neighbours that fit into memory.
        """
        with held_to(self._threads):
            yield from self._nearest(queries, k, at_once)

    def _nearest(self, queries: IntArray, k: IntArray, at_once: int) -> Iterator[Neighbours]:
        unsettled = [_Unsettled(queries[:0], np.zeros(0))]
        done = 0
        while done < len(queries):
            ranks = k[done : done + _QUERIES_AT_ONCE]
            ranks = ranks[: max(1, at_once // self._depth(int(ranks.max())))]
            batch = queries[done : done + len(ranks)]
            found, left = self._listed(batch, ranks)
            if len(found.queries):
                yield found
            unsettled.append(left)
            done += len(batch)
        left = _Unsettled(*(np.concatenate(parts) for parts in zip(*unsettled, strict=True)))
        n_rows = max(1, at_once // self._n_items)
        for start in range(0, len(left.queries), n_rows):
            chunk = slice(start, start + n_rows)
            yield self._among_all(_Unsettled(left.queries[chunk], left.at_most[chunk]))

    def _depth(self, k: int) -> int:
        return min(k + _SLACK + self._is_within, self._n_items)

    def _listed(self, queries: IntArray, k: IntArray) -> tuple[Neighbours, _Unsettled]:
        """Neighbours of the queries that one search resolves, and the unresolved queries."""
        depth = self._depth(int(k.max()))
        score, found = self._index.search(self._queries.vectors[queries], depth)
        wide = score.astype(np.float64)
        half = 1 - wide if self._gallery.half_squares is None else wide / 2
        if self._is_within:
            half, found = _without_itself(queries, half, found)
        certain = self._certain(queries, half[:, -1:])
        apart = half[:, 1:] - half[:, :-1] > certain
        # Whatever was not found is certainly farther than what stands before a clear gap.
        ends = apart & (np.arange(1, half.shape[1]) >= k[:, None])
        is_settled = ends.any(axis=1) | (half.shape[1] == self._n_others)
        length = np.where(ends.any(axis=1), ends.argmax(axis=1) + 1, half.shape[1])
        inside = np.arange(half.shape[1]) < length[:, None]
        distance = np.sqrt(np.maximum(2 * half, 0))
        row, column = np.nonzero(_in_doubt(apart) & inside & is_settled[:, None])
        distance[row, column] = self._distances(queries[row], found[row, column])
        distance[~inside], found[~inside] = np.inf, -1
        longest = int(length[is_settled].max(initial=0))
        settled = self._in_order(
            queries[is_settled], found[is_settled, :longest], distance[is_settled, :longest]
        )
        at_kth = np.take_along_axis(half, np.minimum(k, half.shape[1])[:, None] - 1, axis=1)
        at_most = (at_kth + 2 * certain)[~is_settled, 0]
        return settled, _Unsettled(queries[~is_settled], at_most)

    def _among_all(self, left: _Unsettled) -> Neighbours:
        """Compare some queries with everything in float64."""
        query = self._queries.vectors[left.queries].astype(np.float64)
        own = 0.5 * np.einsum("ij,ij->i", query, query)
        rows, columns, halves = [], [], []
        for start in range(0, self._n_items, _GALLERY_AT_ONCE):
            other = self._gallery.vectors[start : start + _GALLERY_AT_ONCE].astype(np.float64)
            half = own[:, None] + 0.5 * np.einsum("ij,ij->i", other, other) - query @ other.T
            row, column = np.nonzero(half <= left.at_most[:, None])
            is_other = ~((left.queries[row] == column + start) & self._is_within)
            rows.append(row[is_other])
            columns.append(column[is_other] + start)
            halves.append(half[row[is_other], column[is_other]])
        row = np.concatenate(rows)
        order = np.argsort(row, kind="stable")
        length = np.bincount(row, minlength=len(query))
        inside = np.arange(length.max()) < length[:, None]
        found = np.full(inside.shape, -1, dtype=np.int64)
        distance = np.full(inside.shape, np.inf)
        found[inside] = np.concatenate(columns)[order]
        distance[inside] = np.sqrt(np.maximum(2 * np.concatenate(halves)[order], 0))
        return self._in_order(left.queries, found, distance)

    def _in_order(self, queries: IntArray, found: AnyArray, distance: FloatArray) -> Neighbours:
        order = np.argsort(distance, axis=1, kind="stable")
        distance = np.take_along_axis(distance, order, axis=1)
        found = np.take_along_axis(found, order, axis=1)
        tie = np.full(distance.shape, TIE)
        if (halves := self._queries.half_squares) is not None:
            tie *= np.sqrt(2 * halves[queries].astype(np.float64))[:, None] + distance
        return Neighbours(queries, found, distance, tie)

    def _certain(self, queries: IntArray, half: FloatArray) -> FloatArray:
        halves = self._queries.half_squares
        return certain(None if halves is None else halves[queries, None], half)

    def _distances(self, queries: IntArray, others: IntArray) -> FloatArray:
        return exact_distances(self._queries.vectors, queries, self._gallery.vectors, others)


def certain(half_squares: Float32Array | None, cosine_distance: AnyArray) -> FloatArray:
    """Difference between two cosine distances up to 1 that a float32 product can resolve.

    Parameters
    ----------
    half_squares
        Of the queries; ``None`` for vectors of length one.
    cosine_distance
        Of the query and something; whatever is nearer is not longer than both lengths together.
    """
    if half_squares is None:
        return np.full(cosine_distance.shape, CERTAIN)
    own = np.sqrt(2 * half_squares.astype(np.float64))
    longest = own + np.sqrt(np.maximum(2 * cosine_distance.astype(np.float64), 0))
    return np.asarray(CERTAIN * (own**2 + longest**2) / 2)


def exact_distances(
    vectors: Float32Array, first: IntArray, others: Float32Array, second: IntArray
) -> FloatArray:
    """Euclidean distances of pairs in float64, from differences: duplicates get exactly 0."""
    distances: FloatArray = np.empty(len(first))
    for start in range(0, len(first), _PAIRS_AT_ONCE):
        pairs = slice(start, start + _PAIRS_AT_ONCE)
        difference = vectors[first[pairs]].astype(np.float64) - others[second[pairs]]
        distances[pairs] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return distances


def _without_itself(
    queries: IntArray, half: FloatArray, found: AnyArray
) -> tuple[FloatArray, AnyArray]:
    itself = found == queries[:, None]
    itself[~itself.any(axis=1), -1] = True  # crowded out of its own list by duplicates
    others = (len(queries), found.shape[1] - 1)
    return half[~itself].reshape(others), found[~itself].reshape(others)


def _in_doubt(apart: BoolArray) -> BoolArray:
    """Mask of neighbours whose distance is too close to the previous or the next one."""
    in_doubt = np.zeros((len(apart), apart.shape[1] + 1), dtype=bool)
    in_doubt[:, :-1] |= ~apart
    in_doubt[:, 1:] |= ~apart
    return in_doubt
