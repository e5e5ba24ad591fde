"""Mean similarity of items to their nearest in a cohort: how dense it is where they lie.

FAISS finds the nearest; their similarities are computed again in float64 and added up in order, so
that equal items have equal means, whatever their row and the processor.
"""

from typing import Any

import faiss as typed_faiss
import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from opiscli.embeddings.unit_rows import spread_out
from opiscli.neighbours.faiss_threads import held_to
from opiscli.progress import Progress

faiss: Any = typed_faiss
"""Its published types lack some of what it has."""

_SLACK = 8
"""More neighbours than needed, because float32 does not tell close ones apart."""

_ROUNDING = 1e-6
_QUERIES_AT_ONCE = 1024
_PAIRS_AT_ONCE = 4096
_MOST_OWN = 20_000
"""Items from which the mean of a larger cohort is estimated: 0.7 % of their spread."""


class Cohort:
    """Items whose density represents that of all items to come.

    Parameters
    ----------
    unit
        Shape ``(n_items, dims)``, rows of length one.
    codes
        Shape ``(n_items,)``, class of each; ``None`` if they are not known.
    k
        Neighbours to take the mean of, at most as many as there are outside any class.
    """

    def __init__(self, unit: Float32Array, codes: AnyArray | None, k: int, *, threads: int) -> None:
        self._unit, self._k, self._threads = unit, k, threads
        self._codes = np.arange(len(unit)) if codes is None else codes
        self._index = faiss.IndexFlatIP(unit.shape[1])
        self._index.add(unit)

    def nearness(self, unit: Float32Array, on_progress: Progress | None = None) -> FloatArray:
        """Mean similarity of each row to its k nearest, in [-1, 1]."""
        no_code = np.full(len(unit), -1)
        return self._means(unit, no_code, on_progress)

    def holds(self, unit: Float32Array) -> BoolArray:
        """Whether each row is in the cohort, up to float32 rounding."""
        with held_to(self._threads):
            nearest, _ = self._index.search(unit, 1)
        return np.asarray(nearest[:, 0] > 1 - _ROUNDING)

    def own_mean(self) -> float:
        """Mean over the cohort of the same, each item without its own class, or else itself."""
        chosen = spread_out(self._unit, _MOST_OWN)
        return float(self._means(self._unit[chosen], self._codes[chosen], None).mean())

    def _means(
        self, unit: Float32Array, codes: AnyArray, on_progress: Progress | None
    ) -> FloatArray:
        means = np.empty(len(unit))
        with held_to(self._threads):
            for start in range(0, len(unit), _QUERIES_AT_ONCE):
                rows = slice(start, min(start + _QUERIES_AT_ONCE, len(unit)))
                means[rows] = self._of_batch(unit[rows], codes[rows])
                if on_progress is not None:
                    n_pairs = len(self._unit)
                    on_progress("cohort", rows.stop * n_pairs, len(unit) * n_pairs)
        return means

    def _of_batch(self, unit: Float32Array, codes: AnyArray) -> FloatArray:
        means = np.empty(len(unit))
        todo, n_items = np.arange(len(unit)), len(self._unit)
        depth, needed = min(self._k + 2 * _SLACK, n_items), self._k + _SLACK
        while len(todo):
            _, found = self._index.search(unit[todo], depth)
            is_other = self._codes[found] != codes[todo, None]
            # All that are left out may be among the nearest: then more are needed.
            enough = (is_other.sum(axis=1) >= needed) | (depth == n_items)
            settled = todo[enough]
            means[settled] = self._mean(unit[settled], found[enough], is_other[enough])
            todo, depth = todo[~enough], min(2 * depth, n_items)
        return means

    def _mean(self, unit: Float32Array, found: IntArray, is_other: AnyArray) -> FloatArray:
        similarity = np.full(found.shape, -np.inf)
        row, column = np.nonzero(is_other)
        for start in range(0, len(row), _PAIRS_AT_ONCE):
            some = row[start : start + _PAIRS_AT_ONCE], column[start : start + _PAIRS_AT_ONCE]
            of_rows = unit[some[0]].astype(np.float64)
            similarity[some] = np.einsum("ij,ij->i", of_rows, self._unit[found[some]])
        nearest = np.sort(similarity, axis=1)[:, ::-1][:, : self._k]
        return np.asarray(nearest.mean(axis=1))
