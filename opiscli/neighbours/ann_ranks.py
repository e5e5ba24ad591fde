"""R@1 through an index: whether the nearest item that it finds has the same label."""

import numpy as np

from opiscli.arrays import BoolArray, Float32Array
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.neighbours.ann_index import DeployedIndex, search
from opiscli.neighbours.match_ranks import MatchRanks
from opiscli.progress import SEARCHING, Progress

_EQUAL = 2.0**-22
"""Cosine distances this close are the same: items whose copies are equal."""

_DEPTHS = (8, 128, 1024)
"""Neighbours asked for; more where even the last is tied with the first."""

_QUERIES_AT_ONCE = 1024


def first_ranks(
    of: DeployedIndex, items: EmbeddingSet, on_progress: Progress | None = None
) -> MatchRanks:
    """Search an index for every item that has another of its class, excluding the item itself.

    As exact ranks, but only as far as the first: nothing is nearer than a match, or one item
    is. Where an index finds nothing but the item itself, that counts as a miss. Of more than a
    thousand items tied for the first place, only as many are looked at.
    """
    queries = np.flatnonzero(items.class_sizes[items.codes] > 1)
    code_at = np.empty(items.n_items, dtype=np.int64)
    code_at[of.positions] = items.codes
    nearer, tied = np.zeros((2, len(queries)), dtype=np.int64)
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        todo = np.arange(start, min(start + _QUERIES_AT_ONCE, len(queries)))
        for depth in _DEPTHS:
            some = queries[todo]
            reach = min(depth, items.n_items)
            distance, found = search(of, items.unit_rows[some], reach)
            distance[found == of.positions[some][:, None]] = np.inf
            is_first = _first(distance)
            is_match = code_at[found] == items.codes[some][:, None]
            n_matches = (is_first & is_match).sum(axis=1)
            nearer[todo] = n_matches == 0
            tied[todo] = np.where(n_matches > 0, is_first.sum(axis=1) - n_matches, 0)
            # All are tied, but for the item itself: there may be more of them.
            todo = todo[is_first.sum(axis=1) >= reach - 1]
            if not todo.size or reach == items.n_items:
                break
        if on_progress is not None:
            on_progress(SEARCHING, min(start + _QUERIES_AT_ONCE, len(queries)), len(queries))
    return MatchRanks(items.codes[queries].astype(np.int64), nearer, tied)


def _first(distance: Float32Array) -> BoolArray:
    best = distance.min(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # nothing was found
        return np.asarray((distance <= best + _EQUAL) & np.isfinite(distance))
