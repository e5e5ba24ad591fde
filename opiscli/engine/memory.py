"""Memory that a count needs, and whether the limit allows it."""

import math

import numpy as np

from opiscli.arrays import IntArray
from opiscli.embeddings.on_disk import is_on_disk, require_in_memory
from opiscli.engine.count import block_side, cell_type
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.tiles import COLUMNS, ROWS
from opiscli.engine.workers import is_dask
from opiscli.errors import UsageError
from opiscli.settings.memory_limit import BYTES_PER_ITEM
from opiscli.settings.resources import Resources

_BYTES_PER_PAIR = 64  # product, index, distance and bin of a pair inside the NumPy kernel

_BYTES_PER_SCORED_CLASS = 6000
"""Its scores and counts on the grid and its draws in resamples, after counting; measured."""


def bytes_needed(
    space: PairSpace,
    n_thresholds: int,
    items_at: IntArray | None,
    threads: int,
    keeps_bins: bool = False,
) -> int:
    """Bytes for the embeddings and the tables, and the blocks of all threads or the scores.

    Embeddings on disk need none, nor do the tables that are then on disk, too, but for what is
    taken from them.

    Parameters
    ----------
    keeps_bins
        Whether the filled bins of all classes are taken from the tables.
    """
    n_items = len(space.rows) + (0 if space.is_one_set else len(space.columns))
    sides = [space.rows] if space.is_one_set else [space.rows, space.columns]
    vectors = sum(_in_memory(side) for side in sides)
    cells = space.n_classes * (n_thresholds + 1)
    of_classes = sum(
        cells * cell_type(pairs)().itemsize
        for pairs in (space.positive_pairs, space.negative_pairs)
    )
    n_item_bins = 0 if items_at is None else len(items_at) + 1
    of_items = n_items * (8 * n_item_bins + 8)
    sums = 0 if items_at is None else space.n_classes * len(items_at) * 8 * 5
    # A set without its repeats is a copy, and so is a side that is put into another order.
    fixed = 2 * vectors + BYTES_PER_ITEM * n_items
    if space.is_on_disk:
        fixed += sums + (_bytes_of_bins(space, n_thresholds) if keeps_bins else 0)
    else:
        fixed += of_classes + max(of_items, sums)
    counting = fixed + (threads + 1) * _block_bytes(space, n_thresholds, n_item_bins)
    scored = int(np.count_nonzero(space.positive_pairs))
    return max(counting, vectors + _BYTES_PER_SCORED_CLASS * scored)


def require_memory(
    space: PairSpace,
    n_thresholds: int,
    items_at: IntArray | None,
    resources: Resources,
    keeps_bins: bool = False,
) -> None:
    """Raise `UsageError` if a count does not fit into the memory limit.

    Raises
    ------
    UsageError
        Saying how much it takes, or that a cluster cannot be sent what is on disk.
    """
    if is_dask(resources.executor):
        for side in (space.rows, space.columns):
            require_in_memory(side.vectors, f"--scheduler ({resources.executor})")
    need = bytes_needed(space, n_thresholds, items_at, resources.threads, keeps_bins)
    if need > resources.memory_limit:
        n_items = len(space.rows) + (0 if space.is_one_set else len(space.columns))
        raise UsageError(
            f"--memory-limit is {resources.memory_limit / 1e6:,.0f} MB,"
            f" but {n_items:,} items need {need / 1e6:,.0f} MB"
            + (" beside their embeddings, which are kept on disk" if space.is_on_disk else ""),
            hint=f"Raise it to --memory-limit {math.ceil(need / 1e6)}MB.",
        )


def _block_bytes(space: PairSpace, n_thresholds: int, n_item_bins: int) -> int:
    side = block_side(space)
    n_items = max(len(space.rows), len(space.columns))
    classes = min(math.ceil(space.n_classes * side / n_items), space.n_classes)
    tables = 3 * 4 * classes * (n_thresholds + 1) + 2 * min(side, n_items) * (4 * n_item_bins + 8)
    rows, columns = min(ROWS, n_items), min(COLUMNS, n_items)
    tile = _BYTES_PER_PAIR * rows * columns
    if space.is_on_disk:
        tile += 4 * space.rows.vectors.shape[1] * (rows + columns)
    return tables + tile


def _bytes_of_bins(space: PairSpace, n_thresholds: int) -> int:
    """Filled bins of all classes, at most, with their numbers and the parts they are joined of."""
    return sum(
        2 * int(np.minimum(pairs, n_thresholds + 1).sum()) * (2 + cell_type(pairs)().itemsize)
        for pairs in (space.positive_pairs, space.negative_pairs)
    )


def _in_memory(side: Side) -> int:
    return 0 if is_on_disk(side.vectors) else int(side.vectors.nbytes)
