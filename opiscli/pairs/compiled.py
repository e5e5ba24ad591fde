"""The compiled kernel: walks a tile of similarities once and adds its pairs to all counts.

Imported only where it is used, because numba takes a while to load. Its functions are
compiled when first called and cached on disk: beside this file, or in the user's cache
folder if that cannot be written. All release the interpreter's lock.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray

_Function = TypeVar("_Function", bound=Callable[..., object])


def _compiled(function: _Function) -> _Function:
    try:
        return cast(_Function, numba.njit(nogil=True, cache=True)(function))
    except RuntimeError:  # nowhere to cache: compile anew each time
        return cast(_Function, numba.njit(nogil=True)(function))


@_compiled
def list_pairs(
    similarity: Float32Array,
    offset: int,
    row_codes: AnyArray,
    column_codes: AnyArray,
    least: np.float32,
    rows: AnyArray,
    columns: AnyArray,
    distances: Float32Array,
) -> tuple[int, int]:
    """List the pairs of a tile that are at least ``least`` similar, with ``1 - s``.

    Negatives are listed from the front of the lists and positives from the back, so that
    nothing later needs to tell them apart.

    Parameters
    ----------
    similarity
        Shape ``(n_rows, n_columns)``.
    offset
        Row ``r`` is read from column ``offset + r`` on: where rows and columns are of one
        set, so that a column's item comes after the row's; at most ``-n_rows`` for all.
    row_codes, column_codes
        Class of each row and column.
    rows, columns, distances
        Room for ``n_rows * n_columns`` pairs.

    Returns
    -------
    tuple of int
        How many negatives and how many positives were listed.
    """
    n_rows, n_columns = similarity.shape
    last = np.uint64(len(rows) - 1)
    n_negative, n_positive = np.uint64(0), np.uint64(0)
    found = np.empty(n_columns + 1, dtype=np.uint32)
    for row in range(n_rows):
        line = similarity[row]
        code = row_codes[row]
        n_found = np.uint64(0)
        # Without a branch: the place is written every time, and kept only if it counts.
        for column in range(max(0, offset + row), n_columns):
            found[n_found] = column
            n_found += np.uint64(line[column] >= least)
        for k in range(n_found):
            is_positive = column_codes[found[k]] == code
            place = last - n_positive if is_positive else n_negative
            rows[place] = row
            columns[place] = found[k]
            distances[place] = np.float32(1) - line[found[k]]
            n_positive += np.uint64(is_positive)
            n_negative += np.uint64(not is_positive)
    return int(n_negative), int(n_positive)


@_compiled
def measure(
    row_unit: Float32Array,
    column_unit: Float32Array,
    rows: AnyArray,
    columns: AnyArray,
    distances: Float32Array,
    exact_below: np.float32,
    is_euclidean: bool,
    step: float,
    first: int,
    bin_of_tick: AnyArray,
    split_of_tick: Float32Array,
    bins: AnyArray,
) -> None:
    """Sort listed pairs into the bins of the lattice; nearly equal ones are computed anew.

    Parameters
    ----------
    exact_below
        Cosine distances below this are computed from the difference of the vectors.
    is_euclidean, step
        What the ruler measures, and its step.
    first, bin_of_tick
        The lattice's first tick, and the bin of each tick from there to past its last.
    split_of_tick
        Cosine distances beyond this belong to the next bin; may be empty.
    """
    for k in range(len(distances)):
        if distances[k] < exact_below:
            total = 0.0
            for d in range(row_unit.shape[1]):
                a, b = row_unit[rows[k], d], column_unit[columns[k], d]
                difference = np.float64(a) - np.float64(b)
                total += difference * difference
            distances[k] = np.float32(0.5 * total)

    # In float64 and by powers of two all of this is exact but the root.
    scale, offset, beyond = 1.0 / step, 0.5 + first, np.float64(len(bin_of_tick) - 1)
    for k in range(len(distances)):
        c = min(np.float64(distances[k]), 2.0)
        distance = np.sqrt(2.0 * c) if is_euclidean else c
        tick = np.ceil(distance * scale - offset)
        bins[k] = np.int32(min(max(tick, 0.0), beyond))
    if len(split_of_tick):
        for k in range(len(distances)):
            bins[k] = bin_of_tick[bins[k]] + np.int32(distances[k] > split_of_tick[bins[k]])
    else:
        for k in range(len(distances)):
            bins[k] = bin_of_tick[bins[k]]


@_compiled
def tally(
    items: AnyArray,
    bins: AnyArray,
    distances: Float32Array,
    codes: AnyArray,
    class_bins: IntArray,
    coarse: AnyArray,
    item_bins: AnyArray,
    nearest: Float32Array,
) -> None:
    """Add listed pairs to the counts of one side: its classes, its items, its nearest.

    One side at a time, because processors stumble over loops that add in many places.

    Parameters
    ----------
    items
        Position of each pair's item on this side, among the items of ``codes``,
        ``item_bins`` and ``nearest``.
    coarse
        Shape ``(n_bins + 1,)``, coarse bin of each bin.
    """
    for k in range(len(items)):
        item = items[k]
        class_bins[codes[item], bins[k]] += 1
        item_bins[item, coarse[bins[k]]] += 1
        nearest[item] = min(nearest[item], distances[k])


@_compiled
def approach(items: AnyArray, distances: Float32Array, nearest: Float32Array) -> None:
    """Lower each item's nearest distance to that of listed pairs."""
    for k in range(len(items)):
        nearest[items[k]] = min(nearest[items[k]], distances[k])
