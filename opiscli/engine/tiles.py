"""Products of a block, tile by tile, in a buffer that each thread reuses."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import Float32Array
from opiscli.embeddings.on_disk import fetch, release
from opiscli.engine.side import Side
from opiscli.engine.space import Block, Pairing, PairSpace

ROWS = 1024
COLUMNS = 512
"""Few columns at a time, so that the counts of all of them stay in the cache."""

_EXACT_BELOW = 1e-3
_SLACK = 1e-6

_memory = threading.local()


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """The products of some rows and some columns of a space.

    Parameters
    ----------
    row_start, column_start
        Where they begin on their sides.
    rows, columns
        The items.
    products
        Shape ``(n_rows, n_columns)``, products of the vectors less what the columns add to
        distances; minus infinity where an item meets itself. Taken again by the next tile.
    row_sums
        Shape ``(n_rows,)``: ``row_sums[r] - products[r, c]`` is the cosine distance.
    first
        Row ``r`` has pairs from column ``first + r`` on.
    """

    row_start: int
    column_start: int
    rows: Side
    columns: Side
    products: Float32Array
    row_sums: Float32Array
    first: int


def tiles(space: PairSpace, block: Block) -> Iterator[Tile]:
    """Compute the products of a block, tile by tile.

    Of vectors on disk, those of a tile are in memory while it is worked on.
    """
    for column_start in range(block.columns.start, block.columns.stop, COLUMNS):
        columns = slice(column_start, min(column_start + COLUMNS, block.columns.stop))
        fetch(space.columns.vectors[columns])
        for row_start in range(block.rows.start, block.rows.stop, ROWS):
            rows = slice(row_start, min(row_start + ROWS, block.rows.stop))
            if space.pairing is Pairing.LATER and columns.stop <= rows.start + 1:
                continue
            fetch(space.rows.vectors[rows])
            yield _tile(space, rows, columns)
            release(space.rows.vectors[rows])
        release(space.columns.vectors[columns])


def exact_below(space: PairSpace) -> np.float32:
    """Distances below this (without offsets) are computed from the difference of the vectors.

    A float32 product knows a distance only to about 1e-7 of the vectors' squared length,
    which near zero is much.
    """
    return np.float32(_EXACT_BELOW * space.scale if space.by_difference else -np.inf)


def slack(space: PairSpace) -> np.float32:
    """Upper bound of the rounding error that a product adds to a distance."""
    return np.float32(_SLACK * space.magnitude)


def _tile(space: PairSpace, rows: slice, columns: slice) -> Tile:
    row_side, column_side = space.rows[rows], space.columns[columns]
    products = _room(len(row_side) * len(column_side)).reshape(len(row_side), len(column_side))
    np.matmul(row_side.vectors, column_side.vectors.T, out=products)
    row_sums = row_side.sums
    if space.is_plain:
        row_sums += np.float32(0.5)  # what every column adds
    else:
        products -= column_side.sums
    if space.pairing is Pairing.OTHERS:
        _, row, column = np.intersect1d(
            row_side.ids, column_side.ids, assume_unique=True, return_indices=True
        )
        products[row, column] = -np.inf
    is_one_set = space.pairing is Pairing.LATER
    first = rows.start + 1 - columns.start if is_one_set else -len(row_side)
    return Tile(rows.start, columns.start, row_side, column_side, products, row_sums, first)


def _room(n: int) -> Float32Array:
    """Buffer of the calling thread, reused from tile to tile."""
    if getattr(_memory, "products", None) is None or _memory.products.size < n:
        _memory.products = np.empty(n, dtype=np.float32)
    kept: Float32Array = _memory.products
    return kept[:n]
