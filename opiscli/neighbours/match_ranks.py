"""How many items of other classes stand nearer to an item than its own class does."""

from collections.abc import Iterator
from dataclasses import dataclass

import faiss
import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.progress import Progress

TIE = 2.0**-22
"""Two distances this close are the same: what rounding unit rows to float32 can move them."""

CERTAIN = 4e-6
"""Similarities from a float32 product further apart than this are certainly no tie."""

_QUERIES_AT_ONCE = 1024
_GALLERY_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class MatchRanks:
    """Where the nearest item of its own class stands among an item's neighbours.

    Both counts are exact as far as any rank up to the ``k`` they were made for goes.

    Parameters
    ----------
    codes
        Shape ``(n_queries,)``, class of each query; every item of a class with at least
        two items is a query.
    nearer
        Same shape, items of other classes that are strictly nearer.
    tied
        Same shape, items of other classes that are equally far.
    """

    codes: IntArray
    nearer: IntArray
    tied: IntArray


def match_ranks(
    items: EmbeddingSet,
    k: int,
    *,
    threads: int,
    queries: IntArray | None = None,
    on_progress: Progress | None = None,
) -> MatchRanks:
    """Search all items with a FAISS index, an item never being its own neighbour.

    Items are told apart by row, so exact duplicates are ordinary neighbours. Where the
    float32 search cannot tell a tie from a difference, the item is compared with
    all others in float64: the answer does not depend on the order of rows.

    Parameters
    ----------
    k
        Largest rank that the answer is needed for.
    queries
        Positions of the items to search for, by default all that have another of their
        class.
    """
    index = faiss.IndexFlatIP(items.dims)
    faiss.omp_set_num_threads(threads)
    index.add(items.unit_rows)
    # One more for the item itself, and one to see that the k-th is not tied with what follows.
    depth = min(k + 2, items.n_items)
    if queries is None:
        queries = np.flatnonzero(items.class_sizes[items.codes] > 1)
    nearer, tied = np.zeros((2, len(queries)), dtype=np.int64)
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        chunk = slice(start, start + _QUERIES_AT_ONCE)
        some = queries[chunk]
        similarity, found = index.search(items.unit_rows[some], depth)
        nearer[chunk], certain = _ranks_in_lists(items, some, similarity, found, k)
        if not certain.all():
            unsure = np.flatnonzero(~certain)
            nearer[start + unsure], tied[start + unsure] = _ranks_in_full(items, some[unsure])
        if on_progress is not None:
            pairs_a_query = (items.n_items - 1) // 2
            done = min(chunk.stop, len(queries))
            on_progress("neighbours", done * pairs_a_query, len(queries) * pairs_a_query)
    return MatchRanks(items.codes[queries].astype(np.int64), nearer, tied)


def match_ranks_from_nearest(
    items: EmbeddingSet,
    nearest_positive: Float32Array,
    nearest_negative: Float32Array,
    *,
    threads: int,
) -> MatchRanks:
    """First ranks of all queries from the cosine distances to their two nearest items.

    Only the items that these leave in doubt, by a tie or because both are infinite, are
    searched for.
    """
    queries = np.flatnonzero(items.class_sizes[items.codes] > 1)
    return ranks_from_nearest(
        items, queries, nearest_positive[queries], nearest_negative[queries], threads=threads
    )


def ranks_from_nearest(
    items: EmbeddingSet,
    queries: IntArray,
    own: Float32Array,
    other: Float32Array,
    *,
    threads: int,
) -> MatchRanks:
    """First ranks of some queries from their distances to the nearest of both kinds.

    Parameters
    ----------
    queries
        Positions of items of classes with at least two.
    own, other
        Shape ``(n_queries,)``, cosine distances to the nearest item of the same class and
        of another.
    """
    nearer = (other < own).astype(np.int64)
    tied = np.zeros_like(nearer)
    with np.errstate(invalid="ignore"):
        in_doubt = np.flatnonzero(~(np.abs(own - other) > CERTAIN))
    if in_doubt.size:
        ranks = match_ranks(items, 1, threads=threads, queries=queries[in_doubt])
        nearer[in_doubt], tied[in_doubt] = ranks.nearer, ranks.tied
    return MatchRanks(items.codes[queries].astype(np.int64), nearer, tied)


def _ranks_in_lists(
    items: EmbeddingSet, queries: IntArray, similarity: AnyArray, found: AnyArray, k: int
) -> tuple[IntArray, BoolArray]:
    """Others before the first match in each list, and whether the list settles it."""
    itself = found == queries[:, None]
    match = (items.codes[found] == items.codes[queries][:, None]) & ~itself
    other = ~match & ~itself
    last = similarity[:, -1]
    # Without a match in the list, the nearest match is at most as near as the list's end.
    best = np.where(match.any(axis=1), np.where(match, similarity, -np.inf).max(axis=1), last)
    nearer = (other & (similarity > best[:, None] + CERTAIN)).sum(axis=1)
    in_doubt = (other & (np.abs(similarity - best[:, None]) <= CERTAIN)).any(axis=1)
    complete = match.any(axis=1) & (last < best - CERTAIN) | (similarity.shape[1] == items.n_items)
    return nearer, (complete & ~in_doubt) | (nearer >= k)


def _ranks_in_full(items: EmbeddingSet, queries: IntArray) -> tuple[IntArray, IntArray]:
    """Compare some items with all others in float64."""
    nearer, tied = np.zeros((2, len(queries)), dtype=np.int64)
    query_unit = normalised(items.unit_rows[queries])
    best = np.full(len(queries), np.inf)
    for gallery, distance in _distances(items, query_unit):
        match = items.codes[gallery] == items.codes[queries][:, None]
        match &= np.arange(gallery.start, gallery.stop) != queries[:, None]
        np.minimum(best, np.where(match, distance, np.inf).min(axis=1), out=best)
    for gallery, distance in _distances(items, query_unit):
        other = items.codes[gallery] != items.codes[queries][:, None]
        nearer += (other & (distance < best[:, None] - TIE)).sum(axis=1)
        tied += (other & (np.abs(distance - best[:, None]) <= TIE)).sum(axis=1)
    return nearer, tied


def _distances(items: EmbeddingSet, query_unit: FloatArray) -> Iterator[tuple[slice, FloatArray]]:
    for start in range(0, items.n_items, _GALLERY_AT_ONCE):
        gallery = slice(start, min(start + _GALLERY_AT_ONCE, items.n_items))
        similarity = query_unit @ normalised(items.unit_rows[gallery]).T
        yield gallery, np.sqrt(np.maximum(2 - 2 * similarity, 0))


def normalised(unit: AnyArray) -> FloatArray:
    """Rows in float64, without the rounding of their length to float32."""
    wide = unit.astype(np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    return wide
