"""Counts through an index: its nearest neighbours, and the pairs it accepts at the thresholds."""

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, FloatArray, IntArray
from opiscli.counting.plan import Plan
from opiscli.counting.request import CountRequest
from opiscli.counting.sweep import Sweep, count_at
from opiscli.counting.tables import pair_counts
from opiscli.counts.counts import Counts, DeployedCounts
from opiscli.counts.pair_counts import PairCounts
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.kernels import kernel_for
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.workers import workers_of
from opiscli.errors import SourceError
from opiscli.metrics.recall import recall_name, recall_sums
from opiscli.neighbours.ann_index import (
    Decoder,
    DeployedIndex,
    decoder,
    open_index,
    search,
)
from opiscli.neighbours.ann_ranks import first_ranks
from opiscli.neighbours.factory_string import is_path, require_fitting
from opiscli.neighbours.faiss_threads import held_to
from opiscli.neighbours.index_size import bytes_per_item
from opiscli.neighbours.match_ranks import MatchRanks, match_ranks
from opiscli.progress import Progress
from opiscli.settings.evaluation import RangeRequest
from opiscli.settings.resources import Resources
from opiscli.thresholds.at_rate import operating_thresholds

_SAMPLE = 1000
_FEWEST_AT_HOME = 0.7
"""Share of items that must be nearer to their own copy than to another's; by chance it is half."""

_LONGEST = 1.5
_AGREEMENT = 0.01
"""Median difference from the distances of the decoded vectors that thresholds can bear."""


def deploy(
    items: EmbeddingSet,
    counted: Counts,
    asked: str,
    distance: Distance,
    resources: Resources,
    *,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> DeployedCounts:
    """Search the index for all items, and recount all pairs at the exact thresholds.

    Parameters
    ----------
    items
        What was counted.
    asked
        The name of a file or a factory string, as in `open_index`.

    Raises
    ------
    SourceError
        If the index is a file that cannot be read or holds something else.
    UsageError
        If it cannot be made, or the memory limit is too small.
    """
    with held_to(resources.threads):
        return _deploy(items, counted, asked, distance, resources, seed, on_progress)


def _deploy(
    items: EmbeddingSet,
    counted: Counts,
    asked: str,
    distance: Distance,
    resources: Resources,
    seed: int,
    on_progress: Progress | None,
) -> DeployedCounts:
    if not is_path(asked):
        require_fitting(asked, items.n_items, items.dims, resources.memory_limit)
    index = open_index(asked, items, distance, seed=seed, on_progress=on_progress)
    compared = decoder(index)
    if compared is not None and not _agrees(items, index, compared):
        compared = None
    if compared is not None and index.from_file:
        _require_same_items(items, index, compared)
    exact = counted.retrieval.get(recall_name(1))
    if exact is None:
        exact = _first_hits(items, match_ranks(items, 1, threads=resources.threads))
    hits = _first_hits(items, first_ranks(index, items, on_progress))
    pairs = None
    if compared is not None:
        at = _thresholds(counted)
        pairs = _count_stored(
            items, compared, index.positions, at, distance, resources, on_progress
        )
    return DeployedCounts(
        index=asked,
        bytes_per_item=bytes_per_item(index),
        exact_hits=exact,
        hits=hits,
        pairs=pairs,
        starved_centroids=index.starved_centroids,
    )


def _count_stored(
    items: EmbeddingSet,
    decoder: Decoder,
    positions: IntArray,
    thresholds: FloatArray,
    distance: Distance,
    resources: Resources,
    on_progress: Progress | None,
) -> PairCounts:
    """Count the pairs that each threshold accepts if the index computes the distance.

    Each item is a query, as it is, against the stored copies of all others; so every
    unordered pair is seen twice, from both its ends. The distance is the one that the index
    reports: a copy that lost some of its length is not mended. An L2 index accepts where its
    distance is at most the threshold, an inner-product index where its product is at
    least the threshold's similarity.
    """
    ids = np.arange(items.n_items)
    queries, copies = (
        Side(rows, items.codes, ids, _terms(rows) if decoder.is_l2 else None)
        for rows in (decoder.queries(items.unit_rows), decoder.stored(positions))
    )
    space = PairSpace.against_stored(queries, copies, items.n_classes, is_l2=decoder.is_l2)
    request = CountRequest(distance, RangeRequest(), len(thresholds), ())
    plan = Plan(np.unique(thresholds), None, None)
    with workers_of(resources) as workers:
        how = Sweep(request, resources, kernel_for(space.n_pairs), workers, on_progress)
        tally = count_at(space, plan, how, stage="as deployed")
    return pair_counts(space, plan.thresholds, tally, plan.thresholds)


def _terms(rows: Float32Array) -> Float32Array:
    return np.asarray(0.5 * np.einsum("ij,ij->i", rows, rows, dtype=np.float64), dtype=np.float32)


def _first_hits(items: EmbeddingSet, ranks: MatchRanks) -> FloatArray:
    return recall_sums(ranks, (1,), items.n_classes)[recall_name(1)]


def _thresholds(counted: Counts) -> FloatArray:
    at_targets = np.array(list(operating_thresholds(counted.pooled).values()))
    return at_targets if counted.grid is None else np.union1d(counted.grid, at_targets)


def _sample(items: EmbeddingSet) -> AnyArray:
    return np.unique(np.linspace(0, items.n_items - 1, _SAMPLE).astype(np.int64))


def _require_same_items(items: EmbeddingSet, index: DeployedIndex, compared: Decoder) -> None:
    """Raise `SourceError` if the index holds other, reordered or unnormalised vectors."""
    some = _sample(items)
    # In class order, so half a set away is another class.
    others = (some + items.n_items // 2) % items.n_items
    queries = compared.queries(items.unit_rows[some])
    own, other = (compared.stored(index.positions[which]) for which in (some, others))
    at_home = np.linalg.norm(queries - own, axis=1) <= np.linalg.norm(queries - other, axis=1)
    if at_home.mean() < _FEWEST_AT_HOME:
        raise SourceError(
            f"{index.name} does not hold these items in this order: {at_home.mean():.0%} of them"
            " are nearer to their own stored vector than to another's, expected nearly all",
            hint="Add the vectors in the order of the source, of which nothing may be left out.",
        )
    length = np.linalg.norm(own, axis=1).mean() / np.linalg.norm(queries, axis=1).mean()
    if length > _LONGEST:
        raise SourceError(
            f"{index.name} holds vectors of mean length {length:.3g}, expected length one",
            hint="Normalise the embeddings before adding them: faiss.normalize_L2(x).",
        )


def _agrees(items: EmbeddingSet, index: DeployedIndex, compared: Decoder) -> bool:
    """Whether the index reports the exact distances of the vectors it decodes."""
    some = _sample(items)
    distance, found = search(index, items.unit_rows[some], 2)
    rows, columns = np.nonzero(found >= 0)
    queries = compared.queries(items.unit_rows[some])[rows]
    expected = _distances(queries, compared.stored(found[rows, columns]), is_l2=compared.is_l2)
    off = np.abs(distance[rows, columns] - expected)
    return bool(len(off) > 0 and np.median(off) <= _AGREEMENT)


def _distances(queries: Float32Array, stored: Float32Array, *, is_l2: bool) -> Float32Array:
    if is_l2:
        return np.asarray(0.5 * ((queries - stored) ** 2).sum(axis=1))
    return np.asarray(1 - (queries * stored).sum(axis=1))
