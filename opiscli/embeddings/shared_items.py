"""Items with exactly the same embedding in the queries and in the gallery."""

import numpy as np

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.on_disk import release
from opiscli.embeddings.row_pieces import few_rows


def shared_items(queries: EmbeddingSet, gallery: EmbeddingSet) -> tuple[int, int]:
    """Count the queries that equal a gallery item: of any class, and of another class.

    Both sets have the same dims. Offsets have no say.
    """
    gallery = gallery.without_offsets()
    queries = queries.without_offsets().recentred(gallery)
    kept = ~gallery.repeats
    distinct = np.flatnonzero(kept)[np.argsort(gallery.fingerprints[kept])]
    place = np.searchsorted(gallery.fingerprints[distinct], queries.fingerprints)
    twin = distinct[np.minimum(place, len(distinct) - 1)]
    shared = np.flatnonzero(gallery.fingerprints[twin] == queries.fingerprints)
    equal = np.zeros(len(shared), dtype=bool)
    for some in few_rows(len(shared), queries.dims):
        ours, theirs = queries.vectors[shared[some]], gallery.vectors[twin[shared[some]]]
        equal[some] = np.all(ours == theirs, axis=1)
    release(queries.vectors)
    release(gallery.vectors)
    shared = shared[equal]
    twin = twin[shared]
    # A gallery embedding of several classes is of another class than any query.
    mixed = np.zeros(gallery.n_items, dtype=bool)
    mixed[gallery.first_equal[gallery.codes[gallery.first_equal] != gallery.codes]] = True
    code_of = {name: code for code, name in enumerate(queries.names)}
    as_query = np.array([code_of.get(name, -1) for name in gallery.names])
    other = mixed[twin] | (as_query[gallery.codes[twin]] != queries.codes[shared])
    return len(shared), int(np.count_nonzero(other))
