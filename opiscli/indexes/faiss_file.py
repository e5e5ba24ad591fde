"""FAISS index files, and the vectors that they store.

A file is read by FAISS's own reader, in another process first. FAISS does not check what it
reads, so an index file must come from a source that is trusted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss as typed_faiss
import numpy as np

from opiscli.arrays import Float32Array, IntArray
from opiscli.errors import SourceError
from opiscli.indexes.faiss_errors import RAISED, reason_of
from opiscli.indexes.rehearsal import rehearse
from opiscli.regular_file import open_regular

faiss: Any = typed_faiss
"""Its published types lack some of what it has."""


def read_index(file: Path) -> Any:  # noqa: ANN401 - FAISS has no types
    """Read an index.

    Raises
    ------
    SourceError
        If it is damaged, or no FAISS index.
    """
    rehearse(file)
    try:
        with open_regular(file) as opened:
            return faiss.read_index(faiss.PyCallbackIOReader(opened.read))
    except RAISED as cause:
        raise SourceError(
            f"{file} cannot be read as a FAISS index: {reason_of(cause)}",
            hint="Write it with faiss.write_index(index, file).",
        ) from cause


_ORTHONORMAL = 1e-3


@dataclass(frozen=True, slots=True)
class StoredVectors:
    """The vectors of an index, in the order they were added if that is known.

    Parameters
    ----------
    file
        Names it in messages.
    index
        Below any map of ids.
    owner
        What was read, which keeps ``index`` alive.
    keys
        Shape ``(n,)``, what ``index`` calls its vectors.
    ids
        Shape ``(n,)``, the ids they were added with; None if they had none.
    is_ordered
        Whether the order is that in which they were added.
    is_exact
        Whether they are stored as they were, in float32.
    """

    file: Path | str
    index: Any
    owner: Any
    keys: IntArray
    ids: IntArray | None
    is_ordered: bool
    is_exact: bool

    @classmethod
    def of(cls, file: Path) -> "StoredVectors":
        """Read an index file, and prepare it to give its vectors back.

        Raises
        ------
        SourceError
            If it is damaged, empty, or stores no vectors.
        """
        owner = index = read_index(file)
        ids = None
        while isinstance(index, faiss.IndexIDMap):
            ids = faiss.vector_to_array(index.id_map).astype(np.int64)
            index = faiss.downcast_index(index.index)
        keys, is_ordered = np.arange(index.ntotal), True
        try:
            for ivf in (part for part in _parts(index) if isinstance(part, faiss.IndexIVF)):
                keys = _ids_of_lists(ivf)
                is_ordered = bool(np.array_equal(keys, np.arange(len(keys))))
                types = faiss.DirectMap
                ivf.set_direct_map_type(types.Array if is_ordered else types.Hashtable)
            if not is_ordered and ids is None:
                ids = keys
            index.reconstruct_batch(keys[:1])
        except RAISED as cause:
            raise _cannot_decode(file, reason_of(cause)) from cause
        *wrappers, last = _parts(index)
        _require_reversible(file, wrappers)
        is_exact = isinstance(last, faiss.IndexFlat | faiss.IndexIVFFlat) and not any(
            isinstance(part, faiss.IndexPreTransform) for part in wrappers
        )
        _require_consistent(file, index, keys, ids)
        return cls(file, index, owner, keys, ids, is_ordered, is_exact)

    def rows(self, start: int, stop: int) -> Float32Array:
        """Some vectors ``(stop - start, dims)``; raises `SourceError` if they are damaged."""
        try:
            vectors: Float32Array = self.index.reconstruct_batch(self.keys[start:stop])
        except RAISED as cause:
            raise _cannot_decode(self.file, reason_of(cause)) from cause
        return vectors


def _parts(index: Any) -> Iterator[Any]:  # noqa: ANN401 - FAISS has no types
    """An index and those inside it, down to the one that stores the vectors."""
    while True:
        yield index
        if isinstance(index, faiss.IndexPreTransform):
            index = faiss.downcast_index(index.index)
        elif isinstance(index, faiss.IndexHNSW | faiss.IndexNSG):
            index = faiss.downcast_index(index.storage)
        elif isinstance(index, faiss.IndexRefine):
            index = faiss.downcast_index(index.refine_index)
        else:
            return


def _require_reversible(file: Path, wrappers: list[Any]) -> None:
    """Refuse transforms that cannot be undone.

    FAISS 1.15 takes every linear transform of a file for orthonormal, and undoes it as such.
    """
    chains = [part.chain for part in wrappers if isinstance(part, faiss.IndexPreTransform)]
    for one in (chain.at(at) for chain in chains for at in range(chain.size())):
        transform = faiss.downcast_VectorTransform(one)
        if isinstance(transform, faiss.LinearTransform):
            weights = faiss.vector_to_array(transform.A).reshape(transform.d_out, transform.d_in)
            fewer = weights if transform.d_out <= transform.d_in else weights.T
            product = fewer.astype(np.float64) @ fewer.T
            if np.abs(product - np.eye(len(product))).max() > _ORTHONORMAL:
                raise _cannot_decode(file, "its linear transform cannot be undone")


def _ids_of_lists(ivf: Any) -> IntArray:  # noqa: ANN401 - FAISS has no types
    lists = ivf.invlists
    sizes = {at: lists.list_size(at) for at in range(ivf.nlist)}
    found = [faiss.rev_swig_ptr(lists.get_ids(at), n).copy() for at, n in sizes.items() if n]
    return np.sort(np.concatenate([np.empty(0, np.int64), *found]))


def _require_consistent(file: Path, index: Any, keys: IntArray, ids: IntArray | None) -> None:  # noqa: ANN401
    if not len(keys):
        raise SourceError(
            f"{file} is a FAISS index without vectors", hint="Check that the items were added."
        )
    if len(keys) != index.ntotal or (ids is not None and len(ids) != len(keys)):
        raise _cannot_decode(file, "it has not as many ids as vectors")
    if ids is not None and len(np.unique(ids)) != len(ids):
        values, n_times = np.unique(ids, return_counts=True)
        raise SourceError(
            f"{file} holds {n_times.max():,} vectors with the id {values[n_times.argmax()]},"
            " expected one per id",
            hint="Remove the id before it is added again: index.remove_ids.",
        )


def _cannot_decode(file: Path | str, reason: str) -> SourceError:
    return SourceError(
        f"{file} is a FAISS index that does not give its vectors back: {reason}",
        hint="Read the embeddings from where they were before they were indexed.",
    )
