"""Whether the nearest gallery item of each query is of its class."""

import faiss
import numpy as np

from opiscli.arrays import AnyArray, Float32Array
from opiscli.embeddings.query_gallery import QueryGallery
from opiscli.neighbours.match_ranks import CERTAIN, TIE, MatchRanks, normalised
from opiscli.progress import Progress

_QUERIES_AT_ONCE = 1024
_DEPTH = 8


def ranks_across(
    sets: QueryGallery, *, threads: int, on_progress: Progress | None = None
) -> MatchRanks:
    """First ranks of the queries whose class is in the gallery."""
    unit = sets.queries.unit_rows(), sets.gallery.unit_rows()
    index = faiss.IndexFlatIP(unit[1].shape[1])
    faiss.omp_set_num_threads(threads)
    index.add(unit[1])
    queries = np.flatnonzero(sets.gallery_sizes[sets.queries.codes] > 0)
    depth = min(_DEPTH, len(sets.gallery.codes))
    nearer, tied = np.zeros((2, len(queries)), dtype=np.int64)
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        chunk = slice(start, start + _QUERIES_AT_ONCE)
        some = queries[chunk]
        similarity, found = index.search(unit[0][some], depth)
        ranks = [_first(sets, unit, query, found[i]) for i, query in enumerate(some)]
        # Where the list does not reach past the tie for the first place, all have to be seen.
        for i in np.flatnonzero(similarity[:, 0] - similarity[:, -1] <= CERTAIN):
            to_all = unit[1] @ unit[0][some[i]]
            ranks[i] = _first(sets, unit, some[i], np.flatnonzero(to_all >= to_all.max() - CERTAIN))
        nearer[chunk], tied[chunk] = np.array(ranks).T
        if on_progress is not None:
            done, n_gallery = start + len(some), len(sets.gallery.codes)
            on_progress("neighbours", done * n_gallery, len(queries) * n_gallery)
    return MatchRanks(sets.queries.codes[queries].astype(np.int64), nearer, tied)


def _first(
    sets: QueryGallery, unit: tuple[Float32Array, Float32Array], query: int, among: AnyArray
) -> tuple[int, int]:
    """Whether something else is nearer than any match, and how much else is as near."""
    own, others = normalised(unit[0][query : query + 1])[0], normalised(unit[1][among])
    distance = np.sqrt(np.maximum(2 - 2 * others @ own, 0))
    is_first = distance <= distance.min() + TIE
    is_match = sets.gallery.codes[among] == sets.queries.codes[query]
    n_matches = int(np.count_nonzero(is_first & is_match))
    return int(n_matches == 0), int(np.count_nonzero(is_first & ~is_match)) if n_matches else 0
