"""Distances of pairs whose rows hold both embeddings."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from opiscli.arrays import AnyArray, FloatArray
from opiscli.distance import Distance
from opiscli.embeddings.coordinates import require_coordinates
from opiscli.embeddings.cosine import from_cosine_distance
from opiscli.sources.columns import EmbeddingColumns, vectors
from opiscli.sources.pairs.row_errors import Places, first_true

DISTANCE = "distance of both embeddings"
"""What the column of distances is called beside those of the source."""


def with_distances(
    batches: Iterable[pa.RecordBatch],
    columns: tuple[str, str],
    distance: Distance,
    places: Places,
) -> Iterator[pa.RecordBatch]:
    """Put the distance of both embeddings of each row in their place.

    Raises
    ------
    EmbeddingError
        If one is missing, zero or not finite, or lengths differ; names the first such row.
    """
    start = 0
    for batch, first, second in _both(batches, columns):
        if first.shape[1] != second.shape[1]:
            raise places.wrong(
                f"has embeddings of {first.shape[1]} dims in {columns[0]!r} and of"
                f" {second.shape[1]} dims in {columns[1]!r}",
                start,
                "Both must come from one model.",
            )
        units = [
            _unit(values, name, places, start)
            for values, name in zip((first, second), columns, strict=True)
        ]
        distances = pa.array(distances_of_units(units[0], units[1], distance))
        start += batch.num_rows
        yield batch.drop_columns(list(columns)).append_column(DISTANCE, distances)


def distances_of_units(first: FloatArray, second: FloatArray, distance: Distance) -> FloatArray:
    """Distances of rows of length one: half the squared difference is precise near zero, too."""
    difference = first - second
    return from_cosine_distance(0.5 * np.einsum("ij,ij->i", difference, difference), distance)


def _both(
    batches: Iterable[pa.RecordBatch], columns: tuple[str, str]
) -> Iterator[tuple[pa.RecordBatch, AnyArray, AnyArray]]:
    """Batches with the embeddings of both columns, which are checked one after the other."""
    held: list[AnyArray] = []

    def of_first() -> Iterator[pa.RecordBatch]:
        for batch, values in vectors(batches, EmbeddingColumns((columns[0],))):
            held.append(values)
            yield batch

    for batch, values in vectors(of_first(), EmbeddingColumns((columns[1],))):
        yield batch, held.pop(), values


def _unit(values: AnyArray, name: str, places: Places, start: int) -> FloatArray:
    require_coordinates(values)
    wide = values.astype(np.float64)
    peak = np.max(np.abs(wide), axis=1, keepdims=True, initial=0.0)
    if (bad := ~(np.isfinite(peak) & (peak > 0))[:, 0]).any():
        raise places.wrong(
            f"has an embedding in {name!r} that is zero or not finite",
            start + first_true(bad),
            "Drop these rows, or export the model's output again.",
        )
    wide /= peak
    return np.asarray(wide / np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None])
