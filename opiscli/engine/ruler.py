"""A grid for cosine distances with the same relative resolution at every scale.

A cell holds the float32 numbers that share their sign, exponent and first mantissa bits, so
a distance's cell is its bit pattern, shifted: 6.1e-5 of it wide at most, which is 3.1e-5 of a
Euclidean distance. Cells are half a cell off the round numbers, at which tied data pile up:
rounding cannot split a tie at one half.
"""

import numpy as np

from opiscli.arrays import Float32Array, FloatArray, IntArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance, to_cosine_distance

_SHIFT = 9
"""Of the 23 mantissa bits; 14 are left."""

_HALF_CELL = 1 << (_SHIFT - 1)
_PART = 1 << (20 - _SHIFT)
"""Cells of an eighth of an octave: their widths differ by a sixteenth at most."""

_FIRST = (127 - 40) << 23
"""Bits of 2^-40, as good as zero: unit float32 vectors do not tell distances below it."""

_LAST = ((130 << 23) + _HALF_CELL - _FIRST) >> _SHIFT
"""Cell of the distance 8: that of opposite vectors is 2, and offsets add up to 4."""

N_CELLS = 2 * _LAST + 3
"""Cells below zero, of zero, and above."""

_ZERO = _LAST + 1


def cells(distances: Float32Array) -> IntArray:
    """Cell of each cosine distance, in ``0 .. N_CELLS - 1``, in increasing order."""
    bits = np.ascontiguousarray(distances, dtype=np.float32).view(np.int32)
    size = ((bits & 0x7FFFFFFF) + (_HALF_CELL - _FIRST)) >> _SHIFT
    size = np.clip(size, 0, _LAST + 1, out=size)
    return np.asarray(np.where(bits < 0, _ZERO - size, _ZERO + size))


def edges(of: IntArray) -> FloatArray:
    """Cosine distance between each of the given cells and the next, halfway between floats."""
    below = _largest(of).astype(np.float64)
    above = np.nextafter(_largest(of), np.float32(np.inf)).astype(np.float64)
    return np.asarray((below + above) / 2)


def _largest(of: IntArray) -> Float32Array:
    """Largest cosine distance in each of the given cells."""
    size = of - _ZERO
    above = np.where(size >= 0, ((size + 1) << _SHIFT) - 1, -size << _SHIFT) - _HALF_CELL + _FIRST
    values = above.astype(np.int32).view(np.float32)
    return np.where(size >= 0, values, -values)


def edge_distances(of: IntArray, distance: Distance) -> FloatArray:
    """Upper edge of each cell as a threshold: it accepts this cell and all before it."""
    return from_cosine_distance(edges(of), distance)


def every(lo: float, hi: float, gap: float, distance: Distance) -> FloatArray:
    """Edges from below ``lo`` to above ``hi``, at most ``gap`` apart if the cells are that fine.

    Inside an eighth of an octave always edges of cells whose number is a multiple of the same
    stride, so that two calls with one gap give the same edges where they overlap.

    Parameters
    ----------
    lo, hi, gap
        Distances.
    """
    first, last = (int(cell) for cell in _cell_of_distance(np.array([lo, hi]), distance) - _ZERO)
    parts: list[list[int] | IntArray] = []
    for part in range((first - 1) // _PART, last // _PART + 1):
        start, stop = part * _PART, (part + 1) * _PART
        inside = np.array([start, start + 1, stop - 2, stop - 1])
        ends = edge_distances(inside + _ZERO, distance)
        width = max(ends[1] - ends[0], ends[3] - ends[2])
        stride = int(min(max(gap // width, 1), _PART))
        below = max(start, (first - 1) // stride * stride)
        above = stop if last >= stop else last + stride + 1
        # Where a part begins, so that no stride has cells of two widths.
        parts += [[below], np.arange(-(-below // stride) * stride, above, stride)]
    known = np.clip(np.unique(np.concatenate(parts)), -_ZERO, _ZERO)
    return edge_distances(known + _ZERO, distance)


def _cell_of_distance(at: FloatArray, distance: Distance) -> IntArray:
    return cells(to_cosine_distance(at, distance).astype(np.float32))
