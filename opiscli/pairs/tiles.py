"""How all pairs are cut into tiles, and the similarities of one tile."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import Float32Array, Int32Array, IntArray
from opiscli.distance import LARGEST
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UsageError
from opiscli.settings.resources import Resources

_LARGEST_SIDE = 1024
_SMALLEST_SIDE = 64
_BYTES_PER_PAIR = 64  # similarity, index, distance and bin of a pair inside a NumPy kernel
_PAIRS_AT_ONCE = 8192

EXACT_BELOW = 1e-3
"""Cosine distances below this are computed from the difference of the vectors."""

NOT_A_PAIR = np.float32(-3.0)
"""Stands where a tile on the diagonal would repeat a pair or pair an item with itself."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of pairs: some items against the same or later ones.

    Parameters
    ----------
    rows, columns
        Positions in the set; equal on the diagonal, else ``columns`` comes after ``rows``.
    """

    rows: slice
    columns: slice

    @property
    def on_diagonal(self) -> bool:
        """Whether both sides are the same items."""
        return self.rows == self.columns

    @property
    def n_pairs(self) -> int:
        """Pairs of the tile, each once."""
        n_rows: int = self.rows.stop - self.rows.start
        n_columns: int = self.columns.stop - self.columns.start
        return n_rows * (n_rows - 1) // 2 if self.on_diagonal else n_rows * n_columns


@dataclass(frozen=True, slots=True)
class Block:
    """The similarities of one tile, with what a kernel needs to count them.

    Parameters
    ----------
    similarity
        Shape ``(n_rows, n_columns)``, float32; `NOT_A_PAIR` on and below the diagonal of
        a diagonal tile.
    row_codes, column_codes
        Classes, each non-decreasing.
    row_unit, column_unit
        The embeddings themselves.
    """

    tile: Tile
    similarity: Float32Array
    row_codes: Int32Array
    column_codes: Int32Array
    row_unit: Float32Array
    column_unit: Float32Array

    @property
    def has_positives(self) -> bool:
        """Whether any class is on both sides."""
        return bool(self.row_codes[-1] >= self.column_codes[0])


def tiles(n_items: int, side: int) -> Iterator[Tile]:
    """Cover every unordered pair of items exactly once with squares."""
    return upper_triangle(
        [slice(start, min(start + side, n_items)) for start in range(0, n_items, side)]
    )


def upper_triangle(bands: Sequence[slice]) -> Iterator[Tile]:
    """Pair every band of items with itself and with each later one."""
    for i, rows in enumerate(bands):
        for columns in bands[i:]:
            yield Tile(rows, columns)


def block(items: EmbeddingSet, tile: Tile) -> Block:
    """Form the similarities of one tile."""
    row_unit, column_unit = items.unit_rows[tile.rows], items.unit_rows[tile.columns]
    similarity = row_unit @ column_unit.T
    if tile.on_diagonal:
        similarity[np.tri(len(row_unit), dtype=bool)] = NOT_A_PAIR
    return Block(
        tile,
        similarity,
        items.codes[tile.rows],
        items.codes[tile.columns],
        row_unit,
        column_unit,
    )


def cosine_distances(of: Block, pairs: IntArray) -> Float32Array:
    """Cosine distance of chosen pairs, as exact as float32 can hold it.

    A float32 product knows ``1 - s`` only to about 1e-7, which near zero is an error of
    up to 5e-4 in Euclidean distance. So the few pairs that are nearly equal are
    computed from the difference of their vectors: duplicates get exactly 0.

    Parameters
    ----------
    pairs
        Flat positions in ``of.similarity``.
    """
    distances: Float32Array = np.float32(1) - of.similarity.ravel()[pairs]
    near = np.flatnonzero(distances < EXACT_BELOW)
    for start in range(0, len(near), _PAIRS_AT_ONCE):
        some = near[start : start + _PAIRS_AT_ONCE]
        row, column = np.divmod(pairs[some], len(of.column_codes))
        difference = of.row_unit[row].astype(np.float64) - of.column_unit[column]
        distances[some] = 0.5 * np.einsum("ij,ij->i", difference, difference)
    return np.asarray(np.minimum(distances, np.float32(LARGEST), out=distances))


def tile_side(n_items: int, fixed_bytes: int, bytes_per_item: int, resources: Resources) -> int:
    """Largest side of a tile that keeps a sweep within the memory limit.

    Parameters
    ----------
    fixed_bytes
        What is held for the whole sweep: embeddings and counts.
    bytes_per_item
        What a tile's result holds for each of its rows and columns.

    Raises
    ------
    UsageError
        If even the smallest tile does not fit.
    """
    side = _LARGEST_SIDE
    while side > _SMALLEST_SIDE and _need(side, fixed_bytes, bytes_per_item, resources) > (
        resources.memory_limit
    ):
        side //= 2
    need = _need(side, fixed_bytes, bytes_per_item, resources)
    if need > resources.memory_limit:
        raise UsageError(
            f"--memory-limit is {resources.memory_limit / 1e6:,.0f} MB,"
            f" but {n_items:,} items need {need / 1e6:,.0f} MB",
            hint=f"Raise it to --memory-limit {math.ceil(need / 1e6)}MB.",
        )
    return side


def _need(side: int, fixed_bytes: int, bytes_per_item: int, resources: Resources) -> int:
    one_tile = _BYTES_PER_PAIR * side * side + 2 * bytes_per_item * side
    return fixed_bytes + 2 * resources.threads * one_tile
