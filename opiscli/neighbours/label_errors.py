"""Items whose nearest others all belong to one other class: suspected label errors."""

from dataclasses import dataclass

import faiss
import numpy as np

from opiscli.arrays import AnyArray, FloatArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.neighbours.extreme_pairs import exact_distances
from opiscli.neighbours.match_ranks import CERTAIN, TIE, normalised
from opiscli.progress import Progress

_SLACK = 8
"""Longer than needed by so many neighbours, to see where a tie ends."""

_QUERIES_AT_ONCE = 1024
_GALLERY_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """Items that lie among another class.

    Parameters
    ----------
    items
        Shape ``(n_found,)``, their positions.
    among
        Same shape, the class that all their nearest others belong to.
    neighbour
        Same shape, Euclidean distance to the last of these.
    own
        Same shape, distance to the nearest item of their own class; infinite without one.
    """

    items: IntArray
    among: IntArray
    neighbour: FloatArray
    own: FloatArray


def strangers(
    items: EmbeddingSet, k: int, *, threads: int, on_progress: Progress | None = None
) -> LabelErrors:
    """Find the items whose ``k`` nearest others all belong to one other class.

    Items as far away as the k-th count too, so that the order of rows has no say. This is the
    editing rule of Wilson with a unanimous instead of a majority vote, which spares the
    items on the border between two classes.

    Parameters
    ----------
    k
        At least 1. Only a class of as many items can be the other class.

    References
    ----------
    Wilson, "Asymptotic properties of nearest neighbor rules using edited data", IEEE
    Transactions on Systems, Man, and Cybernetics 2 (1972); Brodley and Friedl, "Identifying
    mislabeled training data", JAIR 11 (1999), on unanimous votes.
    """
    index = faiss.IndexFlatIP(items.dims)
    faiss.omp_set_num_threads(threads)
    index.add(items.unit_rows)
    depth = min(k + 1 + _SLACK, items.n_items)
    found: list[tuple[int, int, float]] = []
    for start in range(0, items.n_items, _QUERIES_AT_ONCE):
        queries = np.arange(start, min(start + _QUERIES_AT_ONCE, items.n_items))
        similarity, neighbours = index.search(items.unit_rows[queries], depth)
        for query, listed, certain in zip(queries.tolist(), neighbours, similarity, strict=True):
            verdict = _judge_list(items, query, listed, certain, k)
            if verdict is not None:
                found.append((query, *verdict))
        if on_progress is not None:
            done = int(queries[-1]) + 1
            on_progress("labels", done * (items.n_items - 1) // 2, items.n_pairs)
    positions = np.array([query for query, _, _ in found], dtype=np.int64)
    return LabelErrors(
        items=positions,
        among=np.array([code for _, code, _ in found], dtype=np.int64),
        neighbour=np.array([distance for _, _, distance in found], dtype=np.float64),
        own=np.array([_nearest_own(items, query) for query in positions.tolist()]),
    )


def _judge_list(
    items: EmbeddingSet, query: int, listed: AnyArray, similarity: AnyArray, k: int
) -> tuple[int, float] | None:
    """Other class and distance of the k-th neighbour, if all up to it are of that class."""
    others = listed != query
    near, sure = listed[others], similarity[others]
    if len(near) < k:
        return None
    own = items.codes[query]
    settled = sure > sure[k - 1] + CERTAIN
    classes = np.unique(items.codes[near[settled]])
    if len(classes) > 1 or (len(classes) and classes[0] == own):
        return None
    distance = exact_distances(items.unit_rows, np.full(len(near), query), near)
    if np.any((distance == 0) & (items.codes[near] == own)):
        return None
    if sure[-1] >= sure[k - 1] - CERTAIN and len(listed) < items.n_items:
        near = np.delete(np.arange(items.n_items), query)
        distance = _distances_to_all(items, query)[near]
    return _judge(items, own, near, distance, k)


def _judge(
    items: EmbeddingSet, own: int, near: AnyArray, distance: FloatArray, k: int
) -> tuple[int, float] | None:
    last = float(np.partition(distance, k - 1)[k - 1])
    classes = np.unique(items.codes[near[distance <= last + TIE]])
    if len(classes) != 1 or classes[0] == own:
        return None
    return int(classes[0]), last


def _distances_to_all(items: EmbeddingSet, query: int) -> FloatArray:
    distances: FloatArray = np.empty(items.n_items)
    own = normalised(items.unit_rows[query : query + 1])
    for start in range(0, items.n_items, _GALLERY_AT_ONCE):
        some = slice(start, start + _GALLERY_AT_ONCE)
        distances[some] = np.linalg.norm(normalised(items.unit_rows[some]) - own, axis=1)
    return distances


def _nearest_own(items: EmbeddingSet, query: int) -> float:
    """Distance to the nearest other item of the same class."""
    code = items.codes[query]
    start, size = int(items.class_starts[code]), int(items.class_sizes[code])
    own = np.delete(np.arange(start, start + size), query - start)
    if not len(own):
        return float("inf")
    return float(exact_distances(items.unit_rows, np.full(len(own), query), own).min())
