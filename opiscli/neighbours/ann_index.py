"""The FAISS index under test: built or read, searched, and decoded."""

import re
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faiss as typed_faiss
import numpy as np

from opiscli.arrays import Float32Array, IntArray
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import SourceError, UsageError
from opiscli.indexes.faiss_errors import RAISED, reason_of
from opiscli.indexes.faiss_file import read_index
from opiscli.neighbours.factory_string import is_path, require_sane
from opiscli.neighbours.faiss_threads import held_to
from opiscli.neighbours.overheard import overheard
from opiscli.progress import FILLING, TRAINING, Progress

faiss: Any = typed_faiss
"""Its published types lack some of what it has."""

_FAISS_SEED = 1234
_TRAINING_ITEMS = 1 << 17
_ITEMS_AT_ONCE = 8192
_TRAINING_TOO_SMALL = re.compile(rb"WARNING clustering \d+ points to (\d+) centroids")
_METRICS = {faiss.METRIC_L2: "L2", faiss.METRIC_INNER_PRODUCT: "inner product"}


@dataclass(frozen=True, slots=True)
class DeployedIndex:
    """An index that contains all items of a set.

    Parameters
    ----------
    name
        As it was asked for.
    index
        The FAISS index, below any map of ids: items stand in the order they came in.
    owner
        What was made or read, which keeps ``index`` alive.
    positions
        Shape ``(n_items,)``, where each item of the set stands in the index.
    from_file
        Whether it was read, and so may hold something else.
    starved_centroids
        Clusters that FAISS found too many for so few items to train on; 0 if it did not.
    """

    name: str
    index: Any
    owner: Any
    positions: IntArray
    from_file: bool
    starved_centroids: int = 0

    @property
    def is_l2(self) -> bool:
        """Whether the metric is the squared Euclidean distance (else the inner product)."""
        return bool(self.index.metric_type == faiss.METRIC_L2)


def open_index(
    asked: str,
    items: EmbeddingSet,
    distance: Distance,
    *,
    seed: int,
    on_progress: Progress | None = None,
) -> DeployedIndex:
    """Read the index from a file of this name, or build it with the FAISS factory.

    Parameters
    ----------
    asked
        A file written by ``faiss.write_index``, with the same items in the order of their
        source; or a string of FAISS's index factory, such as ``OPQ16,PQ16``. Search
        parameters may follow it, as in ``IVF256,Flat;nprobe=8``.
    distance
        The metric of an index that is made: L2 for Euclidean distances, the inner product
        for cosines.
    on_progress
        Told of training and filling.

    Raises
    ------
    SourceError
        If the file cannot be read or holds something else than these items.
    UsageError
        If FAISS cannot make such an index of these items.
    """
    if Path(asked).exists() and not Path(asked).is_dir():
        return _read(asked, items)
    if is_path(asked):
        raise SourceError(
            f"no such index file: {asked}",
            hint="Check the path, or name an index to be made, for example --index SQ8.",
        )
    return _make(asked, items, distance, seed, on_progress or _not_watched)


def _read(file: str, items: EmbeddingSet) -> DeployedIndex:
    owner = read_index(Path(file))
    index = _without_ids(owner)
    for what, found, expected in (
        ("vectors", index.ntotal, items.n_items),
        ("dims", index.d, items.dims),
    ):
        if found != expected:
            raise SourceError(
                f"{file} holds {found:,} {what}, but {expected:,} were read from the source",
                hint="An index file must hold exactly the items of the source, in its order.",
            )
    if index.metric_type not in _METRICS:
        raise SourceError(
            f"{file} has FAISS metric {index.metric_type}, expected L2 or the inner product",
            hint="Only these two are translated into a threshold on unit vectors.",
        )
    positions = np.argsort(np.argsort(items.rows)).astype(np.int64)
    return DeployedIndex(file, index, owner, positions, from_file=True)


def _not_watched(stage: str, done: int, total: int) -> None:
    """Nobody asks how far it is."""


def _make(
    asked: str, items: EmbeddingSet, distance: Distance, seed: int, on_progress: Progress
) -> DeployedIndex:
    require_sane(asked, items.n_items, items.dims)
    factory, _, parameters = asked.partition(";")
    metric = faiss.METRIC_L2 if distance is Distance.EUCLIDEAN else faiss.METRIC_INNER_PRODUCT
    # Not in the order of rows, which is not to move a number, nor in that of classes, which
    # would be unlike production for an index that grows.
    order = np.argsort(items.fingerprints, kind="stable")
    try:
        owner = faiss.index_factory(items.dims, factory, metric)
        index = _without_ids(owner)
        _seed(index, seed)
        on_progress(TRAINING, 0, 1)
        with overheard() as said:
            index.train(items.unit_rows[order[:_TRAINING_ITEMS]])
        on_progress(TRAINING, 1, 1)
        is_graph = "HNSW" in factory or "NSG" in factory
        # Several threads make another graph every time.
        with held_to(1) if is_graph else nullcontext():
            for start in range(0, items.n_items, _ITEMS_AT_ONCE):
                index.add(items.unit_rows[order[start : start + _ITEMS_AT_ONCE]])
                on_progress(FILLING, index.ntotal, items.n_items)
        if parameters:
            faiss.ParameterSpace().set_index_parameters(index, parameters)
    except RAISED as cause:
        raise UsageError(
            f"--index {asked} cannot be made by FAISS of {items.n_items:,} items of"
            f" {items.dims:,} dims: {reason_of(cause)}",
            hint="For example --index SQ8, PQ32, 'OPQ16,PQ16' or 'IVF64,Flat;nprobe=8'; the"
            " parts of PQ must divide the dims.",
        ) from cause
    positions = np.empty(items.n_items, dtype=np.int64)
    positions[order] = np.arange(items.n_items)
    starved = max(map(int, _TRAINING_TOO_SMALL.findall(bytes(said))), default=0)
    return DeployedIndex(asked, index, owner, positions, from_file=False, starved_centroids=starved)


def search(of: DeployedIndex, queries: Float32Array, depth: int) -> tuple[Float32Array, IntArray]:
    """Search the nearest neighbours of each query through the index.

    Returns
    -------
    tuple of arrays
        Shape ``(n_queries, depth)``: cosine distance by the index's own arithmetic, which is
        half of a squared L2 distance; and positions in the index, -1 where it found no more.

    Raises
    ------
    SourceError, UsageError
        If FAISS cannot search it, or finds what cannot be there.
    """
    try:
        score, found = of.index.search(queries, depth)
    except RAISED as cause:
        raise UsageError(
            f"--index {of.name} cannot be searched by FAISS: {reason_of(cause)}",
            hint="Check its parameters, or make it again.",
        ) from cause
    is_item = (found >= -1) & (found < len(of.positions))  # -1 where there are no more
    if not (is_item.all() and np.all(np.isfinite(score[found >= 0]))):
        raise SourceError(
            f"{of.name} holds vectors that are not finite, or items that are not of the source",
            hint="An index file must hold exactly the items of the source, in its order.",
        )
    distance = score / 2 if of.is_l2 else 1 - score
    distance[found < 0] = np.inf
    return distance.astype(np.float32), found


@dataclass(frozen=True, slots=True)
class Decoder:
    """The query and stored vectors that an index compares, after its transforms."""

    transforms: tuple[Any, ...]
    index: Any
    is_l2: bool

    def queries(self, unit: Float32Array) -> Float32Array:
        """The vectors that are compared with stored vectors when these embeddings are queries."""
        for transform in self.transforms:
            unit = transform.apply(unit)
        return unit

    def stored(self, positions: IntArray) -> Float32Array:
        """Decode stored vectors.

        Raises
        ------
        SourceError
            If the index is damaged.
        """
        try:
            decoded: Float32Array = self.index.reconstruct_batch(positions)
        except RAISED as cause:
            raise SourceError(
                f"the index holds vectors that FAISS cannot decode: {reason_of(cause)}",
                hint="Write it again with faiss.write_index(index, file).",
            ) from cause
        return decoded


def decoder(of: DeployedIndex) -> Decoder | None:
    """Build the decoder of an index; ``None`` if the index does not store vectors."""
    index, transforms = of.index, []
    while isinstance(index, faiss.IndexPreTransform):
        transforms += [
            faiss.downcast_VectorTransform(index.chain.at(i)) for i in range(index.chain.size())
        ]
        index = _inner(index)
    try:
        if isinstance(index, faiss.IndexIVF):
            index.make_direct_map(True)
        index.reconstruct_batch(np.zeros(1, dtype=np.int64))
    except RAISED:
        return None
    return Decoder(tuple(transforms), index, of.is_l2)


def _inner(index: Any) -> Any:  # noqa: ANN401 - FAISS has no types
    """The index inside a wrapper, which owns it and limits its lifetime."""
    return faiss.downcast_index(index.index)


def _without_ids(index: Any) -> Any:  # noqa: ANN401 - FAISS has no types
    while isinstance(index, faiss.IndexIDMap):
        index = _inner(index)
    return index


def _seed(index: Any, seed: int) -> None:  # noqa: ANN401 - FAISS has no types
    """Seed all clusterings inside, and disable steps that only reorder codes."""
    while True:
        for part in (index, getattr(index, "pq", index)):
            if hasattr(part, "cp"):
                part.cp.seed = _FAISS_SEED + seed
        if hasattr(index, "do_polysemous_training"):
            index.do_polysemous_training = False
        if isinstance(index, faiss.IndexPreTransform):
            index = _inner(index)
        elif isinstance(index, faiss.IndexHNSW):
            index = faiss.downcast_index(index.storage)
        elif isinstance(index, faiss.IndexRefine):
            index = faiss.downcast_index(index.base_index)
        else:
            return
