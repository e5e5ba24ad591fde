"""The NumPy kernel: the specification of `numba_kernel`, and its replacement without numba.

Same function, same arguments, same integers; slower.
"""

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, FloatArray, IntArray

_VALUES_AT_ONCE = 1 << 17
"""Differences of coordinates that are held at once, in float64: they stay in the cache."""

_LARGEST = np.finfo(np.float32).max


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
    """Add the pairs of a tile to the counts of its classes and items."""
    distances = row_sums[:, None] - products
    # Finite, so that no item meets itself even where every pair is accepted.
    flat = np.flatnonzero(distances <= min(cutoffs[-2] + slack, _LARGEST))
    row, column = np.divmod(flat.astype(np.int32), np.int32(products.shape[1]))
    if first > -len(products):
        later = column >= first + row
        flat, row, column = flat[later], row[later], column[later]
    same = row_codes[row] == column_codes[column]
    if same_class_only:
        flat, row, column, same = flat[same], row[same], column[same], same[same]
    distance = distances.ravel()[flat]
    recompute(
        distance, row, column, row_vectors, column_vectors, row_offsets, column_offsets, exact_below
    )
    bins = _bins(distance, cutoffs, origin, cells_a_unit, first_bin)
    signs: list[tuple[AnyArray | slice, AnyArray, AnyArray, AnyArray, AnyArray, AnyArray]] = []
    negatives = (row_item_negative, column_item_negative, row_nearest_negative)
    signs.append((~same, row_negative, *negatives, column_nearest_negative))
    if same.any():
        positives = (row_item_positive, column_item_positive, row_nearest_positive)
        signs.append((same, positive, *positives, column_nearest_positive))
    else:
        signs[0] = (slice(None), *signs[0][1:])
    for chosen, of_class, of_row, of_column, nearest_row, nearest_column in signs:
        r, c, b, d = row[chosen], column[chosen], bins[chosen], distance[chosen]
        _add(of_class, row_codes[r] - first_row_class, b)
        if of_class is row_negative and len(column_negative):
            _add(column_negative, column_codes[c] - first_column_class, b)
        coarse = item_bin[b]
        _add(of_row, r, coarse)
        _add(of_column, c, coarse)
        _approach(nearest_row, r, d)
        np.minimum.at(nearest_column, c, d)


def recompute(
    distance: Float32Array,
    row: AnyArray,
    column: AnyArray,
    row_vectors: Float32Array,
    column_vectors: Float32Array,
    row_offsets: Float32Array,
    column_offsets: Float32Array,
    exact_below: np.float32,
) -> None:
    """Compute distances of nearly equal vectors from their difference: duplicates are at 0.

    Parameters
    ----------
    distance
        Of listed pairs; the small ones are replaced.
    row, column
        The pairs.
    """
    bare = distance
    if row_offsets.any() or column_offsets.any():
        bare = distance - (row_offsets[row] + column_offsets[column])
    near = np.flatnonzero(bare < exact_below)
    at_once = max(1, _VALUES_AT_ONCE // row_vectors.shape[1])
    for start in range(0, len(near), at_once):
        some = near[start : start + at_once]
        r, c = row[some], column[some]
        half = 0.5 * _squared_distances(row_vectors, r, column_vectors, c)
        distance[some] = half.astype(np.float32) + (row_offsets[r] + column_offsets[c])


def _squared_distances(
    row_vectors: Float32Array, row: AnyArray, column_vectors: Float32Array, column: AnyArray
) -> FloatArray:
    """Squared Euclidean distance of listed pairs, a few coordinates at a time."""
    total = np.zeros(len(row))
    for first in range(0, row_vectors.shape[1], _VALUES_AT_ONCE):
        dims = slice(first, first + _VALUES_AT_ONCE)
        difference = row_vectors[row, dims].astype(np.float64)
        difference -= column_vectors[column, dims]
        total += np.einsum("ij,ij->i", difference, difference)
    return total


def _bins(
    distance: Float32Array,
    cutoffs: Float32Array,
    origin: np.float32,
    cells_a_unit: np.float32,
    first_bin: AnyArray,
) -> AnyArray:
    """First bin whose cutoff is not below each distance."""
    cell = np.clip((distance - origin) * cells_a_unit, 0, len(first_bin) - 1)
    bins: AnyArray = first_bin[cell.astype(np.int32)]
    short = np.flatnonzero(distance > cutoffs[bins])
    while short.size:
        bins[short] += 1
        short = short[distance[short] > cutoffs[bins[short]]]
    return bins


def _add(table: AnyArray, rows: AnyArray, bins: AnyArray) -> None:
    """Add one at each row and bin."""
    if not table.size or not len(rows):
        return
    cells = rows.astype(np.int64) * table.shape[1] + bins
    if 4 * len(cells) < table.size:
        np.add.at(table.reshape(-1), cells, table.dtype.type(1))
    else:
        counts = np.bincount(cells, minlength=table.size)
        table += counts.reshape(table.shape).astype(table.dtype)


def _approach(nearest: Float32Array, rows: IntArray, distances: Float32Array) -> None:
    """Update the nearest distance of each row; its pairs are adjacent."""
    if len(rows):
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        at = rows[starts]
        nearest[at] = np.minimum(nearest[at], np.minimum.reduceat(distances, starts))
