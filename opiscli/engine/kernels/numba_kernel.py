"""The compiled kernel: walks a tile of products once and adds its pairs to all counts.

Functions are compiled when first called and cached on disk: beside this file, or in the
user's cache folder if that cannot be written. They release the interpreter's lock. They
index whole arrays instead of slicing them, because a slice counts references.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

from opiscli.arrays import AnyArray, Float32Array

_Function = TypeVar("_Function", bound=Callable[..., object])

_LARGEST = np.finfo(np.float32).max


FUNCTIONS: list[Any] = []
"""All that is compiled, each with its cache."""


def _compiled(function: _Function, **flags: Any) -> _Function:  # noqa: ANN401
    try:
        made = numba.njit(nogil=True, cache=True, **flags)(function)
    except RuntimeError:  # nowhere to cache: compile anew each time
        made = numba.njit(nogil=True, **flags)(function)
    FUNCTIONS.append(made)
    return cast(_Function, made)


def _reordered(function: _Function) -> _Function:
    """Compile for numbers of which none is NaN, in any order: several at a time."""
    return _compiled(function, fastmath={"nnan", "nsz", "reassoc"})


@_compiled
def tally_tile(
    products: Float32Array,
    row_sums: Float32Array,
    first: int,
    row_codes: AnyArray,
    column_codes: AnyArray,
    same_class_only: bool,
    row_vectors: Float32Array,
    column_vectors: Float32Array,
    row_offsets: Float32Array,
    column_offsets: Float32Array,
    exact_below: np.float32,
    slack: np.float32,
    cutoffs: Float32Array,
    origin: np.float32,
    cells_a_unit: np.float32,
    first_bin: AnyArray,
    item_bin: AnyArray,
    first_row_class: int,
    first_column_class: int,
    positive: AnyArray,
    row_negative: AnyArray,
    column_negative: AnyArray,
    row_item_positive: AnyArray,
    row_item_negative: AnyArray,
    row_nearest_positive: Float32Array,
    row_nearest_negative: Float32Array,
    column_item_positive: AnyArray,
    column_item_negative: AnyArray,
    column_nearest_positive: Float32Array,
    column_nearest_negative: Float32Array,
) -> None:
    """Add the pairs of a tile to the counts of its classes and items.

    One row at a time, so that its pairs stay in the first cache; one table at a time, because
    processors stumble over loops that add in several places.

    Parameters
    ----------
    products
        Shape ``(n_rows, n_columns)``, the products of the vectors less what the columns add
        to distances: ``row_sums[r] - products[r, c]`` is the cosine distance. Minus infinity
        where there is no pair.
    first
        Row ``r`` is read from column ``first + r`` on; at most ``-n_rows`` for all of them.
    row_codes, column_codes
        Class of each row and column, non-decreasing.
    exact_below
        Distances below this, offsets left out, are computed from the difference.
    slack
        How far rounding can move a distance.
    cutoffs, origin, cells_a_unit, first_bin
        As in `opiscli.engine.bins.Bins`.
    item_bin
        Shape ``(n_bins,)``, coarse bin of each bin.
    positive, row_negative, column_negative
        Tables of one row a class, from ``first_row_class`` and ``first_column_class`` on.
        ``column_negative`` may be empty: then only rows count.
    row_item_positive, …, column_nearest_negative
        Counts and nearest distances of the items; tables may have no columns.
    """
    n_columns = products.shape[1]
    mask = np.empty(n_columns, dtype=np.uint8)
    found = np.empty(n_columns + 1, dtype=np.uint32)
    distances = np.empty(n_columns + 1, dtype=np.float32)
    bins = np.empty(n_columns + 1, dtype=np.uint32)
    # Finite, so that minus infinity is no pair even where every pair is accepted.
    reach = min(cutoffs[len(cutoffs) - 2] + slack, _LARGEST)
    own, after, near = 0, 0, exact_below + column_offsets.max()
    for row in range(len(products)):
        code, line, total = row_codes[row], products[row], row_sums[row]
        own, after = _columns_of_class(column_codes, code, own, after)
        _compare(line, total - reach, mask)
        n_negative, n = _list_row(mask, max(0, first + row), own, after, same_class_only, found)
        nearest = _measure(line, total, found, n, distances)
        if nearest < near + row_offsets[row]:
            _recompute(
                row_vectors,
                row,
                row_offsets,
                column_vectors,
                column_offsets,
                exact_below,
                found,
                distances,
                n,
            )
        _sort(distances, n, cutoffs, origin, cells_a_unit, first_bin, bins)
        _add_row(row_negative, code - first_row_class, bins, 0, n_negative)
        _add_row(positive, code - first_row_class, bins, n_negative, n)
        if len(column_negative):
            _add_classes(column_negative, column_codes, first_column_class, found, bins, n_negative)
        _lower(row_nearest_negative, row, column_nearest_negative, found, distances, 0, n_negative)
        _lower(row_nearest_positive, row, column_nearest_positive, found, distances, n_negative, n)
        if row_item_negative.shape[1]:
            _to_item_bins(bins, item_bin, n)
            _add_row(row_item_negative, row, bins, 0, n_negative)
            _add_row(row_item_positive, row, bins, n_negative, n)
        if column_item_negative.shape[1]:
            _add_each(column_item_negative, found, bins, 0, n_negative)
            _add_each(column_item_positive, found, bins, n_negative, n)


@_compiled
def _list_row(
    mask: AnyArray, start: int, own: int, after: int, same_class_only: bool, found: AnyArray
) -> tuple[int, int]:
    """List the pairs of a row, negative ones first; return their number and the total number."""
    n = 0
    if not same_class_only:
        n = _list(mask, start, own, found, n)
        n = _list(mask, max(start, after), len(mask), found, n)
    return n, _list(mask, max(start, own), after, found, n)


@_compiled
def _columns_of_class(codes: AnyArray, code: int, own: int, after: int) -> tuple[int, int]:
    """First and last column of the class of a row, starting from those of the previous row."""
    n_columns = len(codes)
    while own < n_columns and codes[own] < code:
        own += 1
    after = max(after, own)
    while after < n_columns and codes[after] == code:
        after += 1
    return own, after


@_compiled
def _compare(line: Float32Array, least: np.float32, mask: AnyArray) -> None:
    """Mask the columns whose product is large enough."""
    for column in range(len(line)):
        mask[column] = line[column] >= least


@_compiled
def _list(mask: AnyArray, start: int, stop: int, found: AnyArray, n: int) -> int:
    """Append the masked columns of a range; return the new length of the list."""
    place = np.uint64(n)
    # Without a branch: the place is written every time, and kept only if it counts.
    for column in range(np.uint64(start), np.uint64(stop)):
        found[place] = column
        place += np.uint64(mask[column])
    return int(place)


@_compiled
def _measure(
    line: Float32Array, total: np.float32, found: AnyArray, n: int, distances: Float32Array
) -> np.float32:
    """Distances of listed pairs; return the smallest."""
    for k in range(n):
        distances[k] = total - line[found[k]]
    return _least(distances, 0, n)


@_compiled
def _recompute(
    row_vectors: Float32Array,
    row: int,
    row_offsets: Float32Array,
    column_vectors: Float32Array,
    column_offsets: Float32Array,
    exact_below: np.float32,
    found: AnyArray,
    distances: Float32Array,
    n: int,
) -> None:
    """Compute distances of nearly equal vectors from their difference: duplicates are at 0."""
    for k in range(n):
        column = found[k]
        offset = row_offsets[row] + column_offsets[column]
        if distances[k] - offset < exact_below:
            total = 0.0
            for d in range(row_vectors.shape[1]):
                difference = np.float64(row_vectors[row, d]) - np.float64(column_vectors[column, d])
                total += difference * difference
            distances[k] = np.float32(0.5 * total) + offset


@_compiled
def _sort(
    distances: Float32Array,
    n: int,
    cutoffs: Float32Array,
    origin: np.float32,
    cells_a_unit: np.float32,
    first_bin: AnyArray,
    bins: AnyArray,
) -> None:
    """Find the bin of each distance: its cell's first bin, or one soon after."""
    last = np.float32(len(first_bin) - 1)
    for k in range(n):
        cell = (distances[k] - origin) * cells_a_unit
        bins[k] = np.uint32(np.int32(min(max(cell, np.float32(0)), last)))
    for k in range(n):
        place = np.uint32(first_bin[bins[k]])
        while distances[k] > cutoffs[place]:
            place += np.uint32(1)
        bins[k] = place


@_compiled
def _to_item_bins(bins: AnyArray, item_bin: AnyArray, n: int) -> None:
    for k in range(n):
        bins[k] = item_bin[bins[k]]


@_compiled
def _add_row(table: AnyArray, row: int, bins: AnyArray, start: int, stop: int) -> None:
    """Increment some bins of a row; skipped for tables without rows."""
    if start < stop:
        counts = table[row]
        for k in range(start, stop):
            counts[bins[k]] += 1


@_compiled
def _add_each(table: AnyArray, rows: AnyArray, bins: AnyArray, start: int, stop: int) -> None:
    for k in range(start, stop):
        table[rows[k], bins[k]] += 1


@_compiled
def _add_classes(
    table: AnyArray, codes: AnyArray, first_class: int, columns: AnyArray, bins: AnyArray, n: int
) -> None:
    for k in range(n):
        table[np.uint32(codes[columns[k]] - first_class), bins[k]] += 1


@_reordered
def _least(distances: Float32Array, start: int, stop: int) -> np.float32:
    """Smallest of some distances."""
    least = np.float32(np.inf)
    for k in range(np.uint64(start), np.uint64(stop)):
        least = min(least, distances[k])
    return least


@_compiled
def _lower(
    of_row: Float32Array,
    row: int,
    of_columns: Float32Array,
    columns: AnyArray,
    distances: Float32Array,
    start: int,
    stop: int,
) -> None:
    """Update the nearest distances of a row and of its columns with some pairs."""
    of_row[row] = min(of_row[row], _least(distances, start, stop))
    for k in range(start, stop):
        of_columns[columns[k]] = min(of_columns[columns[k]], distances[k])
