"""Items whose nearest others all belong to one other class: possible label errors."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.neighbours.exact import Neighbours, NeighbourSearch
from opiscli.neighbours.offset_distances import offset_distances
from opiscli.progress import Progress


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """Items that lie among another class.

    Parameters
    ----------
    items
        Shape ``(n_found,)``, their positions, ascending.
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


def label_errors(
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
    suspects = [np.zeros((3, 0), dtype=np.int64)]
    if k < items.n_items:
        search = NeighbourSearch(items, items, threads=threads)
        done = 0
        for found in search.nearest(np.arange(items.n_items), np.full(items.n_items, k)):
            suspects.append(_among_another_class(items, found, k))
            done += len(found.queries)
            if on_progress is not None:
                on_progress("labels", done * (items.n_items - 1) // 2, items.n_pairs)
    joined = np.concatenate(suspects, axis=1)
    positions, among, last = joined[:, np.argsort(joined[0])]
    return LabelErrors(
        items=positions,
        among=among,
        neighbour=offset_distances(items, positions, last),
        own=np.array([_nearest_own(items, query) for query in positions.tolist()]),
    )


def _among_another_class(items: EmbeddingSet, found: Neighbours, k: int) -> IntArray:
    """Rows of items, the one class that their nearest others have, and their k-th neighbours."""
    last, tie = found.distance[:, k - 1, None], found.tie[:, k - 1, None]
    codes = items.codes[found.found]
    is_same = (codes == codes[:, :1]) | (found.distance > last + tie)
    suspect = is_same.all(axis=1) & (codes[:, 0] != items.codes[found.queries])
    return np.stack([found.queries, codes[:, 0], found.found[:, k - 1]])[:, suspect]


def _nearest_own(items: EmbeddingSet, query: int) -> float:
    """Distance to the nearest other item of the same class."""
    code = items.codes[query]
    start, size = int(items.class_starts[code]), int(items.class_sizes[code])
    own = np.delete(np.arange(start, start + size), query - start)
    if not len(own):
        return float("inf")
    of_query = np.full(len(own), query)
    return float(offset_distances(items, of_query, own).min())
