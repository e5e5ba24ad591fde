"""Works through rows a few at a time, in memory or on disk, with little memory beside them."""

from collections.abc import Iterator

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.embeddings.on_disk import fetch_rows, is_on_disk, release, zeros_on_disk

_VALUES_COPIED = 1 << 18
_ROWS_IN_CACHE = 512
_VALUES_MOVED = 1 << 22
_LEAST_DIMS_AT_ONCE = 32
"""Two cache lines; with less, memory is read and written several times."""


def few_rows(n_rows: int, dims: int) -> Iterator[slice]:
    """Slices of rows, so few that float64 copies of them stay in the cache."""
    at_once = min(max(1, _VALUES_COPIED // max(1, dims)), _ROWS_IN_CACHE)
    for start in range(0, n_rows, at_once):
        yield slice(start, min(start + at_once, n_rows))


def pieces(rows: AnyArray) -> Iterator[slice]:
    """Slices of a few rows of a matrix; the memory of those on disk is given back after use."""
    for some in few_rows(*rows.shape):
        yield some
        release(rows[some])


def like(rows: Float32Array, n_rows: int) -> Float32Array:
    """An array for as many rows of the same kind, on disk if those are."""
    shape = n_rows, rows.shape[1]
    return zeros_on_disk(shape, rows.dtype) if is_on_disk(rows) else np.empty(shape, rows.dtype)


def taken(rows: Float32Array, chosen: AnyArray) -> Float32Array:
    """Copy the rows at some positions, or where a mask is true; on disk if the rows are.

    Raises
    ------
    OutputError
        If the disk has no room for them.
    """
    if not is_on_disk(rows):
        return rows[chosen]
    positions = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
    copy = like(rows, len(positions))
    for some in pieces(copy):
        here = positions[some]
        fetch_rows(rows, here)
        copy[some] = rows[here]
        release(rows)
    return copy


def in_order(rows: Float32Array, order: IntArray) -> Float32Array:
    """Put rows into another order.

    In memory that is done in place, some dims at a time: a copy would double memory. On disk it is
    a copy: in place, every page would be read and written several times.
    """
    if is_on_disk(rows):
        return taken(rows, order)
    n_rows, dims = rows.shape
    at_once = max(_LEAST_DIMS_AT_ONCE, _VALUES_MOVED // n_rows)
    for first in range(0, dims, at_once):
        moved = slice(first, first + at_once)
        rows[:, moved] = rows[order, moved]
    return rows
