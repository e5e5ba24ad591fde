"""Distances of some pairs of a tile, as they are counted."""

from opiscli.arrays import AnyArray, Float32Array
from opiscli.engine.kernels.numpy_kernel import recompute
from opiscli.engine.space import PairSpace
from opiscli.engine.tiles import Tile, exact_below


def counted_distances(
    space: PairSpace, tile: Tile, row: AnyArray, column: AnyArray
) -> Float32Array:
    """Cosine distances with the bits by which a pair is counted at a threshold.

    Parameters
    ----------
    row, column
        Shape ``(n_pairs,)``, positions in the tile.
    """
    distance: Float32Array = tile.row_sums[row] - tile.products[row, column]
    recompute(
        distance,
        row,
        column,
        tile.rows.vectors,
        tile.columns.vectors,
        tile.rows.all_offsets,
        tile.columns.all_offsets,
        exact_below(space),
    )
    return distance
