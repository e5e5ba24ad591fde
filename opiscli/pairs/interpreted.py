"""What `opiscli.pairs.compiled` does, in NumPy: for machines without a compiler, and as its oracle.

Same functions, same arguments, same results; slower.
"""

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.distance import LARGEST

_PAIRS_AT_ONCE = 8192


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
    """List the pairs of a tile that are at least ``least`` similar, with ``1 - s``."""
    row, column = np.nonzero(similarity >= least)
    keep = column >= offset + row
    row, column = row[keep], column[keep]
    is_positive = row_codes[row] == column_codes[column]
    n_positive = int(np.count_nonzero(is_positive))
    n_negative = len(row) - n_positive
    for chosen, place in (
        (~is_positive, slice(0, n_negative)),
        (is_positive, slice(len(rows) - n_positive, len(rows))),
    ):
        rows[place], columns[place] = row[chosen], column[chosen]
        distances[place] = np.float32(1) - similarity[row[chosen], column[chosen]]
    return n_negative, n_positive


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
    """Sort listed pairs into the bins of the lattice; nearly equal ones are computed anew."""
    near = np.flatnonzero(distances < exact_below)
    for start in range(0, len(near), _PAIRS_AT_ONCE):
        some = near[start : start + _PAIRS_AT_ONCE]
        difference = row_unit[rows[some]].astype(np.float64) - column_unit[columns[some]]
        distances[some] = 0.5 * np.einsum("ij,ij->i", difference, difference)
    distance = np.minimum(distances.astype(np.float64), LARGEST)
    if is_euclidean:
        distance = np.sqrt(2.0 * distance)
    tick = np.clip(np.ceil(distance / step - (0.5 + first)), 0, len(bin_of_tick) - 1)
    tick = tick.astype(np.int64)
    bins[:] = bin_of_tick[tick]
    if len(split_of_tick):
        bins += distances > split_of_tick[tick]


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
    """Add listed pairs to the counts of one side: its classes, its items, its nearest."""
    np.add.at(class_bins, (codes[items], bins), 1)
    np.add.at(item_bins, (items, coarse[bins]), 1)
    approach(items, distances, nearest)


def approach(items: AnyArray, distances: Float32Array, nearest: Float32Array) -> None:
    """Lower each item's nearest distance to that of listed pairs."""
    np.minimum.at(nearest, items, distances)
