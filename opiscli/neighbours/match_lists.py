"""Which of the R nearest neighbours of an item share its label; R is its class size minus 1."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import BoolArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.on_disk import is_on_disk
from opiscli.errors import UsageError
from opiscli.neighbours.exact import Neighbours, NeighbourSearch
from opiscli.progress import Progress
from opiscli.settings.resources import Resources

_BYTES_PER_NEIGHBOUR = 160  # in the search and in what metrics make of a list


@dataclass(frozen=True, slots=True)
class MatchLists:
    """Neighbours of some items, nearest first, without the item itself.

    Ties are whole as far as they matter: every item as far away as the one at rank R is in
    the list.

    Parameters
    ----------
    codes
        Shape ``(n_queries,)``, class of each query.
    n_relevant
        Same shape, the other items of its class, R, at least 1.
    is_match
        Shape ``(n_queries, depth)``, whether each neighbour is of the query's class; false
        after the end of a list.
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
    """Search the R nearest neighbours of every item that has another of its class.

    Raises
    ------
    UsageError
        If the memory limit is too small for the longest list.
    """
    sizes = items.class_sizes[items.codes]
    at_once = _neighbours_at_once(items, int(sizes.max()), resources)
    # In order of class size, so that lists of a batch are about as long.
    queries = np.argsort(sizes, kind="stable")[np.count_nonzero(sizes == 1) :]
    search = NeighbourSearch(items, items, threads=resources.threads)
    done, pairs_per_query = 0, (items.n_items - 1) // 2
    for found in search.nearest(queries, sizes[queries] - 1, at_once=at_once):
        yield _lists(items, found)
        done += len(found.queries)
        if on_progress is not None:
            on_progress("rankings", done * pairs_per_query, len(queries) * pairs_per_query)


def _neighbours_at_once(items: EmbeddingSet, largest_class: int, resources: Resources) -> int:
    """Number of neighbours that fit into memory beside the embeddings."""
    fixed = 0 if is_on_disk(items.vectors) else 2 * items.vectors.nbytes
    # A list that ties leave unsettled is as long as the set.
    need = fixed + items.n_items * _BYTES_PER_NEIGHBOUR
    if need > resources.memory_limit:
        raise UsageError(
            f"--memory-limit is {resources.memory_limit / 1e6:,.0f} MB, but the rankings of"
            f" {items.n_items:,} items, {largest_class:,} in the largest class, need"
            f" {need / 1e6:,.0f} MB",
            hint=f"Raise it to --memory-limit {need // 10**6 + 1}MB.",
        )
    return (resources.memory_limit - fixed) // _BYTES_PER_NEIGHBOUR


def _lists(items: EmbeddingSet, found: Neighbours) -> MatchLists:
    is_farther = np.ones(found.found.shape, dtype=bool)
    with np.errstate(invalid="ignore"):  # after the end of a list
        is_farther[:, 1:] = np.diff(found.distance, axis=1) > found.tie[:, :-1]
    codes = items.codes[found.queries].astype(np.int64)
    is_match = (items.codes[found.found] == codes[:, None]) & (found.found >= 0)
    return MatchLists(codes, items.class_sizes[codes] - 1, is_match, is_farther)
