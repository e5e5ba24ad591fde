"""Rank of the first match: how many different-class items are nearer than the same class."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from opiscli.arrays import Float32Array, Int32Array, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.neighbours.certainty import Vectors, certain, offsets_of
from opiscli.neighbours.exact import Neighbours, NeighbourSearch
from opiscli.progress import Progress


@dataclass(frozen=True, slots=True)
class MatchRanks:
    """Rank of the nearest same-class item among the neighbours of each item.

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


class CodedVectors(Vectors, Protocol):
    """Items with their classes."""

    @property
    def codes(self) -> Int32Array:
        """Shape ``(n_items,)``."""


def match_ranks(
    items: EmbeddingSet,
    k: int,
    *,
    threads: int,
    queries: IntArray | None = None,
    on_progress: Progress | None = None,
) -> MatchRanks:
    """Search the first match of each item whose class has two or more items, without itself.

    Parameters
    ----------
    k
        Largest rank that the answer is needed for.
    queries
        Positions of the items to search for, by default all that have another of their
        class.
    """
    if queries is None:
        queries = np.flatnonzero(items.class_sizes[items.codes] > 1)
    return _ranks(items, items, queries, k, threads, on_progress)


def match_ranks_across(
    queries: CodedVectors,
    gallery: CodedVectors,
    *,
    threads: int,
    on_progress: Progress | None = None,
) -> MatchRanks:
    """First ranks of the queries whose class is in the gallery; both sets share a centre."""
    in_gallery = np.flatnonzero(np.isin(queries.codes, gallery.codes))
    return _ranks(queries, gallery, in_gallery, 1, threads, on_progress)


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
    offsets = offsets_of(items)
    halves = None if items.half_squares is None else items.half_squares[queries]
    with np.errstate(invalid="ignore"):
        known = certain(halves, np.minimum(own, other), offsets[queries], offsets)
        is_certain = np.abs(own - other) > known
    in_doubt = np.flatnonzero(~is_certain)
    if in_doubt.size:
        ranks = match_ranks(items, 1, threads=threads, queries=queries[in_doubt])
        nearer[in_doubt], tied[in_doubt] = ranks.nearer, ranks.tied
    return MatchRanks(items.codes[queries].astype(np.int64), nearer, tied)


def _ranks(
    queries: CodedVectors,
    gallery: CodedVectors,
    chosen: IntArray,
    k: int,
    threads: int,
    on_progress: Progress | None,
) -> MatchRanks:
    search = NeighbourSearch(queries, gallery, threads=threads)
    n_others = len(gallery.codes)
    pairs_per_query = (n_others - 1) // 2 if queries is gallery else n_others
    nearer, tied = np.zeros((2, len(queries.codes)), dtype=np.int64)
    done = 0
    for found in search.nearest(chosen, np.full(len(chosen), k)):
        nearer[found.queries], tied[found.queries] = _before_first_match(queries, gallery, found)
        done += len(found.queries)
        if on_progress is not None:
            on_progress("neighbours", done * pairs_per_query, len(chosen) * pairs_per_query)
    return MatchRanks(queries.codes[chosen].astype(np.int64), nearer[chosen], tied[chosen])


def _before_first_match(
    queries: CodedVectors, gallery: CodedVectors, found: Neighbours
) -> tuple[IntArray, IntArray]:
    """Numbers of items that are nearer than the first match, and that tie with it."""
    same = gallery.codes[found.found] == queries.codes[found.queries][:, None]
    inside = found.found >= 0
    first = np.argmax(same & inside, axis=1)[:, None]
    has_match = (same & inside).any(axis=1)[:, None]
    tie = np.take_along_axis(found.tie, first, axis=1)
    best = np.where(has_match, np.take_along_axis(found.distance, first, axis=1), np.inf)
    other = ~same & inside
    nearer = (other & (found.distance < best - tie)).sum(axis=1)
    with np.errstate(invalid="ignore"):
        tied = (other & (np.abs(found.distance - best) <= tie)).sum(axis=1)
    return nearer, tied
