"""Which of an item's nearest others are of its class, as far down as its class reaches."""

from collections.abc import Iterator
from dataclasses import dataclass

import faiss
import numpy as np

from opiscli.arrays import AnyArray, BoolArray, FloatArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UsageError
from opiscli.neighbours.match_ranks import CERTAIN, TIE, normalised
from opiscli.progress import Progress
from opiscli.settings.resources import Resources

_SLACK = 18
"""Longer than R by the item itself, and by enough others to see where a tie at rank R ends."""

_QUERIES_AT_ONCE = 1024
_BYTES_A_NEIGHBOUR = 160  # in the search and in what metrics make of a list
_PAIRS_AT_ONCE = 1 << 16


@dataclass(frozen=True, slots=True)
class MatchLists:
    """Neighbours of some items, nearest first, the item itself left out.

    Ties are whole as far as they matter: every item as far away as the one at rank R is in
    the list.

    Parameters
    ----------
    codes
        Shape ``(n_queries,)``, class of each query.
    n_relevant
        Same shape, the other items of its class, R, at least 1.
    is_match
        Shape ``(n_queries, depth)``, whether each neighbour is of the query's class.
    is_farther
        Same shape, whether each neighbour is farther than the one before it; false where
        the two are tied, true for the first.
    """

    codes: IntArray
    n_relevant: IntArray
    is_match: BoolArray
    is_farther: BoolArray


def match_lists(
    items: EmbeddingSet, resources: Resources, on_progress: Progress | None = None
) -> Iterator[MatchLists]:
    """Search for the R nearest others of every item that has another of its class.

    With a FAISS index in float32; neighbours that this cannot tell apart are compared in
    float64, so that neither the order of rows nor the processor decides which is nearer.

    Raises
    ------
    UsageError
        If the memory limit is too small for the longest list.
    """
    index = faiss.IndexFlatIP(items.dims)
    faiss.omp_set_num_threads(resources.threads)
    index.add(items.unit_rows)
    sizes = items.class_sizes[items.codes]
    queries = np.argsort(sizes, kind="stable")[np.count_nonzero(sizes == 1) :]
    done, pairs_a_query = 0, (items.n_items - 1) // 2
    room = _room(items, int(sizes.max()), resources)
    while done < len(queries):
        some = queries[done : done + _QUERIES_AT_ONCE]
        # In order of class size, so the last has the longest list.
        some = some[: max(1, room // _depth(items, int(sizes[some[-1]]) - 1))]
        lists, unsettled = _search(items, index, some)
        yield lists
        for start in range(0, len(unsettled), at_once := max(1, room // items.n_items)):
            yield _compare_with_all(items, unsettled[start : start + at_once])
        done += len(some)
        if on_progress is not None:
            on_progress("rankings", done * pairs_a_query, len(queries) * pairs_a_query)


def _depth(items: EmbeddingSet, n_relevant: int) -> int:
    return min(n_relevant + _SLACK, items.n_items)


def _room(items: EmbeddingSet, largest_class: int, resources: Resources) -> int:
    """Neighbours that fit into memory at once, beside the embeddings and the index's own."""
    fixed = 2 * items.unit_rows.nbytes
    # A list that ties leave unsettled is as long as the set.
    need = fixed + items.n_items * _BYTES_A_NEIGHBOUR
    if need > resources.memory_limit:
        raise UsageError(
            f"--memory-limit is {resources.memory_limit / 1e6:,.0f} MB, but the rankings of"
            f" {items.n_items:,} items, {largest_class:,} in the largest class, need"
            f" {need / 1e6:,.0f} MB",
            hint=f"Raise it to --memory-limit {need // 10**6 + 1}MB.",
        )
    return (resources.memory_limit - fixed) // _BYTES_A_NEIGHBOUR


def _search(
    items: EmbeddingSet, index: faiss.IndexFlatIP, queries: IntArray
) -> tuple[MatchLists, IntArray]:
    """Lists of the queries that a search settles, and the queries that it does not."""
    n_relevant = items.class_sizes[items.codes[queries]] - 1
    similarity, found = index.search(items.unit_rows[queries], _depth(items, int(n_relevant.max())))
    itself = found == queries[:, None]
    itself[~itself.any(axis=1), -1] = True  # crowded out of its own list by duplicates
    others = (len(queries), similarity.shape[1] - 1)
    similarity, found = similarity[~itself].reshape(others), found[~itself].reshape(others)
    apart = similarity[:, :-1] - similarity[:, 1:] > CERTAIN
    # Whatever was not found is certainly farther than what stands before a clear gap.
    after_r = np.arange(1, others[1]) >= n_relevant[:, None]
    settled = (apart & after_r).any(axis=1) | (others[1] == items.n_items - 1)
    lists = _lists(
        items,
        queries[settled],
        found[settled],
        _resolved(items, queries[settled], similarity[settled], found[settled], apart[settled]),
    )
    return lists, queries[~settled]


def _resolved(
    items: EmbeddingSet,
    queries: IntArray,
    similarity: AnyArray,
    found: AnyArray,
    apart: BoolArray,
) -> FloatArray:
    """Distances of all neighbours, in float64 where two are close to one another."""
    wide: FloatArray = similarity.astype(np.float64)
    in_doubt = np.zeros(found.shape, dtype=bool)
    in_doubt[:, :-1] |= ~apart
    in_doubt[:, 1:] |= ~apart
    rows, columns = np.nonzero(in_doubt)
    for start in range(0, len(rows), _PAIRS_AT_ONCE):
        some = slice(start, start + _PAIRS_AT_ONCE)
        row, column = rows[some], columns[some]
        query, other = (
            normalised(items.unit_rows[which]) for which in (queries[row], found[row, column])
        )
        wide[row, column] = np.einsum("ij,ij->i", query, other)
    return np.asarray(np.sqrt(np.maximum(2 - 2 * wide, 0)))


def _compare_with_all(items: EmbeddingSet, queries: IntArray) -> MatchLists:
    """Lists of all other items, in float64."""
    query_unit = normalised(items.unit_rows[queries])
    similarity: FloatArray = np.empty((len(queries), items.n_items))
    for start in range(0, items.n_items, _PAIRS_AT_ONCE // 16):
        gallery = slice(start, start + _PAIRS_AT_ONCE // 16)
        similarity[:, gallery] = query_unit @ normalised(items.unit_rows[gallery]).T
    distance = np.sqrt(np.maximum(2 - 2 * similarity, 0))
    distance[np.arange(len(queries)), queries] = np.inf  # itself, last
    found = np.broadcast_to(np.arange(items.n_items), distance.shape)
    lists = _lists(items, queries, found, distance)
    return MatchLists(
        lists.codes, lists.n_relevant, lists.is_match[:, :-1], lists.is_farther[:, :-1]
    )


def _lists(
    items: EmbeddingSet, queries: IntArray, found: AnyArray, distance: FloatArray
) -> MatchLists:
    order = np.argsort(distance, axis=1)
    ascending = np.take_along_axis(distance, order, axis=1)
    is_farther = np.ones(found.shape, dtype=bool)
    is_farther[:, 1:] = ascending[:, 1:] - ascending[:, :-1] > TIE
    codes = items.codes[queries].astype(np.int64)
    is_match = items.codes[np.take_along_axis(found, order, axis=1)] == codes[:, None]
    return MatchLists(codes, items.class_sizes[codes] - 1, is_match, is_farther)
