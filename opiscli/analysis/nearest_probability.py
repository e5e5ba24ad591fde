"""The probability that each item and its nearest other item are of one class."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, FloatArray, IntArray
from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.embeddings.cosine import from_cosine_distance
from opiscli.embeddings.offsets import require_score
from opiscli.errors import EmbeddingError
from opiscli.neighbours.exact import NeighbourSearch, exact_distances
from opiscli.thresholds.probability_file import FittedProbability


@dataclass(frozen=True, slots=True, eq=False)
class _Items:
    vectors: Float32Array
    offset_values: Float32Array | None
    half_squares: None = None


def nearest_probability(
    rows: ChangedRows, fitted: FittedProbability, name: str, threads: int
) -> dict[str, AnyArray]:
    """Find the nearest other item of each, and the probability that both are of one class.

    Parameters
    ----------
    rows
        Items of length one, with or without offsets.
    name
        Of the source, for messages.

    Returns
    -------
    dict
        ``nearest``, the row number of the nearest other item, counting from 0, of several that are
        equally near the first; and ``probability``, in [0, 1].

    Raises
    ------
    EmbeddingError
        If there is only one item.
    UsageError
        If the probability was fitted to another score.
    """
    offsets = rows.offsets
    require_score(name, "" if offsets is None else offsets.score, fitted.score)
    if len(rows.unit) < 2:
        raise EmbeddingError(
            f"{name} has one row, but a probability is of two items", hint="Give two rows or more."
        )
    items = _Items(rows.unit, None if offsets is None else offsets.values)
    nearest = _nearest(items, threads)
    everything = np.arange(len(nearest))
    between = exact_distances(items.vectors, everything, items.vectors, nearest)
    cosine: FloatArray = 0.5 * between**2
    if items.offset_values is not None:
        cosine += items.offset_values.astype(np.float64) + items.offset_values[nearest]
    distance = from_cosine_distance(cosine, fitted.distance)
    return {"nearest": nearest, "probability": fitted.steps.at(distance)}


def _nearest(items: _Items, threads: int) -> IntArray:
    n_items = len(items.vectors)
    nearest: IntArray = np.empty(n_items, dtype=np.int64)
    search = NeighbourSearch(items, items, threads=threads)
    for one in search.nearest(np.arange(n_items), np.ones(n_items, dtype=np.int64)):
        is_tied = one.distance <= one.distance[:, :1] + one.tie[:, :1]
        nearest[one.queries] = np.where(is_tied, one.found, n_items).min(axis=1)
    return nearest
