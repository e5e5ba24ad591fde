"""Scales embeddings to length one; if they are nearly equal, subtracts a common centre.

The cosine distance of two unit rows u, u' is half of their squared Euclidean distance, which does
not change when the same vector is subtracted from both. A float32 product knows 1 - u·u' only to
about 2e-7; where all cosines are close to 1 that is as much as the distances themselves. With
δ = u - centre, subtracted in float64 before anything is rounded, (|δ|² + |δ'|²)/2 - δ·δ' keeps its
relative precision.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from opiscli.embeddings.coordinates import require_coordinates
from opiscli.embeddings.on_disk import belongs_on_disk, release, zeros_on_disk
from opiscli.embeddings.row_pieces import like, pieces
from opiscli.errors import EmbeddingError

CROWDED = 0.9
"""Rows whose mean cosine is at least this are centred: below, products of unit rows are precise."""

_THREADS = min(8, os.cpu_count() or 1)
_ROWS_PER_TASK = 2048
_VALUES_IN_CACHE = 1 << 16


class Centred(Protocol):
    """Objects with rows from which a centre was subtracted."""

    @property
    def centre(self) -> FloatArray | None:
        """Shape ``(dims,)``, what was subtracted from unit rows; ``None`` if nothing was."""


class CentredRows(NamedTuple):
    """Unit rows minus their centre, ``(n_items, dims)``, and the centre; ``None`` is the origin."""

    vectors: Float32Array
    centre: FloatArray | None


def centred_rows(
    read: Callable[[], Iterable[AnyArray]],
    n_items: int,
    beside: Centred | None = None,
    *,
    memory_limit: int | None = None,
) -> CentredRows:
    """Scale rows to length one, and subtract their mean if they are nearly equal.

    The mean of all rows decides, so that their order has no say; only crowded rows are read a
    second time.

    Parameters
    ----------
    read
        Gives the same blocks of shape ``(any, dims)`` each time, ``n_items`` rows in all.
    beside
        Rows that these are going to be compared with, whose centre they are given.
    memory_limit
        Bytes; rows that would take too large a share of them are kept on disk.

    Raises
    ------
    EmbeddingError
        If there is nothing to read, or a row is zero or not finite.
    OutputError
        If they belong on disk, and there is no room for them.
    """
    if beside is not None:
        vectors, _ = _scaled(read(), n_items, beside.centre, memory_limit=memory_limit)
        return CentredRows(vectors, beside.centre)
    vectors, mean = _scaled(read(), n_items, memory_limit=memory_limit)
    if (centre := _centre(mean)) is not None:
        _scaled(read(), n_items, centre, out=vectors)
    return CentredRows(vectors, centre)


def unit_rows(blocks: Iterable[AnyArray], n_items: int) -> Float32Array:
    """Scale rows to length one, block by block, into one float32 array.

    Lengths are taken in float64 after dividing by the largest entry, so neither tiny
    nor huge float64 values are lost.

    Parameters
    ----------
    blocks
        Arrays of shape ``(any, dims)``, floats, ``n_items`` rows in all.

    Raises
    ------
    EmbeddingError
        If there is nothing to read, or a row is zero or not finite.
    """
    return _scaled(blocks, n_items)[0]


def blocks(matrix: AnyArray) -> Iterator[AnyArray]:
    """The rows of a matrix in blocks, at least one."""
    at_once = 4 * _ROWS_PER_TASK
    for start in range(0, max(len(matrix), 1), at_once):
        yield matrix[start : start + at_once]


def centred(unit: Float32Array) -> CentredRows:
    """Subtract the mean of float32 unit rows if they are nearly equal."""
    centre = _centre(unit.mean(axis=0, dtype=np.float64))
    return CentredRows(shifted(unit, centre), centre)


def shifted(vectors: Float32Array, less: FloatArray | None) -> Float32Array:
    """Subtract a vector from all rows in float64; without a vector, nothing is copied."""
    if less is None:
        return vectors
    moved = like(vectors, len(vectors))
    for rows in pieces(vectors):
        np.subtract(vectors[rows], less, out=moved[rows], casting="same_kind")
        release(moved[rows])
    return moved


def spread_out(unit: Float32Array, n_rows: int) -> IntArray:
    """Choose ``n_rows`` rows or fewer by what they are, whatever their order."""
    if len(unit) <= n_rows:
        return np.arange(len(unit))
    first = np.lexsort(unit.T[:4])
    return first[np.linspace(0, len(first) - 1, n_rows).astype(np.int64)]


def _scaled(
    blocks: Iterable[AnyArray],
    n_items: int,
    centre: FloatArray | None = None,
    *,
    out: Float32Array | None = None,
    memory_limit: int | None = None,
) -> tuple[Float32Array, FloatArray]:
    """Unit rows minus a centre in float32, and the mean of the unit rows in float64."""
    vectors = np.empty((n_items, 0), dtype=np.float32) if out is None else out
    bad = np.zeros(n_items, dtype=bool)
    total = np.zeros(0)
    start = 0
    with ThreadPoolExecutor(_THREADS) as pool:
        for block in blocks:
            if start == 0:
                total = np.zeros(block.shape[1])
                vectors = _room(n_items, len(total), memory_limit) if out is None else out
            of_block = vectors[start : start + len(block)], bad[start : start + len(block)]
            for sums in _scale_in_threads(pool, block, centre, *of_block):
                total += sums
            release(of_block[0])
            start += len(block)
    if vectors.size == 0:
        raise EmbeddingError(
            f"there are {n_items:,} embeddings of {vectors.shape[1]:,} dims, expected at least one"
            " of each",
            hint="Check that the source was written completely.",
        )
    _refuse_bad_rows(bad)
    return vectors, total / n_items


def _room(n_items: int, dims: int, memory_limit: int | None) -> Float32Array:
    shape, kind = (n_items, dims), np.dtype(np.float32)
    if belongs_on_disk(n_items * dims * kind.itemsize, memory_limit):
        return zeros_on_disk(shape, kind)
    return np.empty(shape, kind)


def _scale_in_threads(
    pool: ThreadPoolExecutor,
    block: AnyArray,
    centre: FloatArray | None,
    vectors: Float32Array,
    bad: BoolArray,
) -> Iterable[FloatArray]:
    """Scale rows in threads, mark rows without a direction, return sums in a fixed order."""
    require_coordinates(block)

    def scale(first: int) -> FloatArray:
        rows = slice(first, first + _ROWS_PER_TASK)
        return _scale(block[rows], centre, vectors[rows], bad[rows])

    return (map if len(block) <= _ROWS_PER_TASK else pool.map)(
        scale, range(0, len(block), _ROWS_PER_TASK)
    )


def _scale(
    block: AnyArray, centre: FloatArray | None, vectors: Float32Array, bad: BoolArray
) -> FloatArray:
    """Write unit rows minus a centre; return the sum of the unit rows."""
    n_items, dims = block.shape
    n_rows = max(1, _VALUES_IN_CACHE // max(1, dims))
    wide, work = np.empty((2, min(n_rows, n_items), dims))
    total = np.zeros(dims)
    for start in range(0, n_items, n_rows):
        rows = slice(start, min(start + n_rows, n_items))
        wide, work = wide[: rows.stop - start], work[: rows.stop - start]
        wide[...] = block[rows]
        peak = np.max(np.abs(wide, out=work), axis=1, keepdims=True, initial=0.0)
        bad[rows] = ~(np.isfinite(peak) & (peak > 0))[:, 0]
        if bad[rows].any():
            wide[bad[rows]] = peak[bad[rows]] = 1.0
        wide /= peak
        wide /= np.sqrt(np.sum(np.multiply(wide, wide, out=work), axis=1, keepdims=True))
        total += wide.sum(axis=0)
        if centre is not None:
            wide -= centre
        # Adding zero turns -0.0 into 0.0, so equal rows are equal byte by byte.
        np.add(wide, 0.0, out=vectors[rows], casting="same_kind")
    return total


def _centre(mean: FloatArray) -> FloatArray | None:
    """Mean of unit rows if their mean cosine is high, else the origin.

    Rounded, so that the order in which rows were added up does not show.
    """
    if mean @ mean < CROWDED:
        return None
    return mean.astype(np.float32).astype(np.float64)


def _refuse_bad_rows(bad: BoolArray) -> None:
    if n_bad := int(np.count_nonzero(bad)):
        found = "1 embedding is" if n_bad == 1 else f"{n_bad:,} embeddings are"
        raise EmbeddingError(
            f"{found} zero or not finite, first in row {int(np.argmax(bad))} (counting from 0)",
            hint="Drop these rows, or export the model's output again.",
            row=int(np.argmax(bad)),
        )
