"""Exact nearest-neighbour search: FAISS proposes, and float64 resolves near-ties of float32.

Neither the order of rows nor the processor decides which of two neighbours is nearer. Tolerances
are for vectors of length one; of centred vectors, which are shorter, they are as much smaller.

Offsets change who is near: an item's own is added to all its cosine distances. FAISS is given it
as one more coordinate: (v, -h - o) with h half the squared length, which meets a query (v, 1).

No index is made, which would be a copy of the gallery: FAISS searches the vectors as they are, a
part at a time if they are on disk.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from opiscli.embeddings.on_disk import fetch, is_on_disk, release
from opiscli.embeddings.row_pieces import few_rows
from opiscli.neighbours.certainty import Vectors, certain, offsets_of
from opiscli.neighbours.faiss_threads import held_to

TIE = 2.0**-22
"""Two distances this close are the same: what rounding vectors to float32 can move them."""

NEIGHBOURS_AT_ONCE = 1 << 22

_SLACK = 8
"""Longer than needed by so many neighbours, to see where a tie ends."""

_QUERIES_AT_ONCE = 1024
_VALUES_AT_ONCE = 1 << 22
_FEWEST_AT_ONCE, _MOST_AT_ONCE = 256, 4096


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
        Same shape, Euclidean, ascending, infinite after the end of a list; a cosine distance if
        there are offsets. In float64 where two are close to one another, else as precise as a
        float32 product.
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
    """A gallery that is searched for items of another set or of the gallery itself.

    Parameters
    ----------
    queries
        With the centre of the gallery. If they are the gallery, no item is its own neighbour:
        items are told apart by row, so exact duplicates are ordinary neighbours.
    """

    def __init__(self, queries: Vectors, gallery: Vectors, *, threads: int) -> None:
        self._queries, self._gallery = queries, gallery
        self._is_within = queries is gallery
        self._n_items = len(gallery.vectors)
        self._n_others = self._n_items - self._is_within
        self._has_offsets = queries.offset_values is not None or gallery.offset_values is not None
        self._offsets = offsets_of(queries), offsets_of(gallery)
        self._is_product = gallery.half_squares is None or self._has_offsets
        self._threads = threads
        at_once = _VALUES_AT_ONCE // gallery.vectors.shape[1]
        self._at_once = min(max(at_once, _FEWEST_AT_ONCE), _MOST_AT_ONCE)
        self._is_whole = not self._has_offsets and not is_on_disk(gallery.vectors)

    def _search(self, queries: IntArray, depth: int) -> tuple[Float32Array, IntArray]:
        """Scores and positions of the best of the gallery, in this order."""
        # Only here: counts that were read, or counted without neighbours, need no FAISS.
        import faiss

        metric = faiss.METRIC_INNER_PRODUCT if self._is_product else faiss.METRIC_L2
        asked = self._searched(queries)
        if self._is_whole:
            return faiss.knn(asked, self._gallery.vectors, depth, metric=metric)
        best = faiss.ResultHeap(len(asked), depth, keep_max=self._is_product)
        for rows in self._parts():
            stored = self._stored(rows)
            score, found = faiss.knn(asked, stored, min(depth, len(stored)), metric=metric)
            best.add_result(score, found + rows.start)
        best.finalize()
        return best.D, best.I

    def _parts(self) -> Iterator[slice]:
        for start in range(0, self._n_items, self._at_once):
            rows = slice(start, min(start + self._at_once, self._n_items))
            fetch(self._gallery.vectors[rows])
            yield rows
            release(self._gallery.vectors[rows])

    def _stored(self, rows: slice) -> Float32Array:
        vectors = self._gallery.vectors[rows]
        if not self._has_offsets:
            return vectors
        halves = self._gallery.half_squares
        own = self._offsets[1][rows] + (0 if halves is None else halves[rows])
        return np.concatenate([vectors, -own[:, None]], axis=1, dtype=np.float32)

    def _searched(self, queries: IntArray) -> Float32Array:
        vectors = self._queries.vectors[queries]
        release(self._queries.vectors)
        if not self._has_offsets:
            return vectors
        ones = np.ones((len(queries), 1), dtype=np.float32)
        return np.concatenate([vectors, ones], axis=1)

    def _cosine_distances(self, queries: IntArray, score: Float32Array) -> FloatArray:
        """Cosine distances, offsets included, from what FAISS returns."""
        wide = score.astype(np.float64)
        if not self._is_product:
            return wide / 2
        halves = self._queries.half_squares
        if not self._has_offsets or halves is None:
            return 1 + self._offsets[0][queries, None] - wide
        return self._offsets[0][queries, None] + halves[queries, None] - wide

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
        score, found = self._search(queries, depth)
        half = self._cosine_distances(queries, score)
        if self._is_within:
            half, found = _without_itself(queries, half, found)
        certain = self._certain(queries, half[:, -1:])
        apart = half[:, 1:] - half[:, :-1] > certain
        # Whatever was not found is certainly farther than what stands before a clear gap.
        ends = apart & (np.arange(1, half.shape[1]) >= k[:, None])
        is_settled = ends.any(axis=1) | (half.shape[1] == self._n_others)
        length = np.where(ends.any(axis=1), ends.argmax(axis=1) + 1, half.shape[1])
        inside = np.arange(half.shape[1]) < length[:, None]
        distance = self._measured(half)
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
        own = 0.5 * np.einsum("ij,ij->i", query, query) + self._offsets[0][left.queries]
        rows, columns, halves = [], [], []
        for part in self._parts():
            other = self._gallery.vectors[part].astype(np.float64)
            its = 0.5 * np.einsum("ij,ij->i", other, other) + self._offsets[1][part]
            half = own[:, None] + its - query @ other.T
            row, column = np.nonzero(half <= left.at_most[:, None])
            is_other = ~((left.queries[row] == column + part.start) & self._is_within)
            rows.append(row[is_other])
            columns.append(column[is_other] + part.start)
            halves.append(half[row[is_other], column[is_other]])
        row = np.concatenate(rows)
        order = np.argsort(row, kind="stable")
        length = np.bincount(row, minlength=len(query))
        inside = np.arange(length.max()) < length[:, None]
        found = np.full(inside.shape, -1, dtype=np.int64)
        distance = np.full(inside.shape, np.inf)
        found[inside] = np.concatenate(columns)[order]
        distance[inside] = self._measured(np.concatenate(halves)[order])
        return self._in_order(left.queries, found, distance)

    def _in_order(self, queries: IntArray, found: AnyArray, distance: FloatArray) -> Neighbours:
        order = np.argsort(distance, axis=1, kind="stable")
        distance = np.take_along_axis(distance, order, axis=1)
        found = np.take_along_axis(found, order, axis=1)
        tie = np.full(distance.shape, TIE)
        if self._has_offsets:
            # A distance d of vectors is known to TIE, so d²/2 is to d TIE.
            bare = distance - self._offsets[0][queries, None] - self._offsets[1][found]
            return Neighbours(queries, found, distance, tie * np.sqrt(np.maximum(2 * bare, 0)))
        if (halves := self._queries.half_squares) is not None:
            tie *= np.sqrt(2 * halves[queries].astype(np.float64))[:, None] + distance
        return Neighbours(queries, found, distance, tie)

    def _certain(self, queries: IntArray, half: FloatArray) -> FloatArray:
        of_queries, of_gallery = self._offsets
        halves = self._queries.half_squares
        some = None if halves is None else halves[queries, None]
        return certain(some, half, of_queries[queries, None], of_gallery)

    def _distances(self, queries: IntArray, others: IntArray) -> FloatArray:
        found = exact_distances(self._queries.vectors, queries, self._gallery.vectors, others)
        if not self._has_offsets:
            return found
        return np.asarray(0.5 * found**2 + self._offsets[0][queries] + self._offsets[1][others])

    def _measured(self, half: FloatArray) -> FloatArray:
        return half if self._has_offsets else np.sqrt(np.maximum(2 * half, 0))


def exact_distances(
    vectors: Float32Array, first: IntArray, others: Float32Array, second: IntArray
) -> FloatArray:
    """Euclidean distances of pairs in float64, from differences: duplicates get exactly 0."""
    distances: FloatArray = np.empty(len(first))
    for pairs in few_rows(len(first), vectors.shape[1]):
        difference = vectors[first[pairs]].astype(np.float64) - others[second[pairs]]
        distances[pairs] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        release(vectors)
        release(others)
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
