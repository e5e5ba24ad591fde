"""How much an index takes for each item."""

from typing import Any

import faiss as typed_faiss

from opiscli.neighbours.ann_index import DeployedIndex

faiss: Any = typed_faiss
"""Its published types lack some of what it has."""


def bytes_per_item(of: DeployedIndex) -> float:
    """Bytes per stored item: codes, ids and links, without the codebook.

    Empties the index, so ask last.
    """
    if isinstance(of.index, faiss.IndexIVF):
        of.index.make_direct_map(False)
    full = _size(of.index)
    n_items = of.index.ntotal
    of.index.reset()
    return float((full - _size(of.index)) / n_items)


def _size(index: Any) -> int:  # noqa: ANN401 - FAISS has no types
    written = 0

    def count(piece: bytes) -> None:
        nonlocal written
        written += len(piece)

    faiss.write_index(index, faiss.PyCallbackIOWriter(count))
    return written
