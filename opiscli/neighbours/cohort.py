"""Mean similarity of items to their nearest in a cohort: how dense it is where they lie.

FAISS finds the nearest; their similarities are computed again in float64 and added up in order, so
that equal items have equal means, whatever their row and the processor.
"""

from typing import Any, NamedTuple

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


class Nearness(NamedTuple):
    """How near rows are to a cohort.

    Parameters
    ----------
    mean
        Mean similarity to the k nearest, in [-1, 1].
    is_member
        Whether a row is one of the cohort, up to float32 rounding.
    """

    mean: FloatArray
    is_member: BoolArray


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

    def nearness(self, unit: Float32Array, on_progress: Progress | None = None) -> Nearness:
        """Mean similarity of each row to its k nearest, and whether it is one of the cohort."""
        no_code = np.full(len(unit), -1)
        return self._measured(unit, no_code, on_progress)

    def own_mean(self) -> float:
        """Mean over the cohort of the same, each item without its own class, or else itself."""
        chosen = spread_out(self._unit, _MOST_OWN)
        return float(self._measured(self._unit[chosen], self._codes[chosen], None).mean.mean())

    def _measured(
        self, unit: Float32Array, codes: AnyArray, on_progress: Progress | None
    ) -> Nearness:
        found = Nearness(np.empty(len(unit)), np.empty(len(unit), dtype=bool))
        with held_to(self._threads):
            for start in range(0, len(unit), _QUERIES_AT_ONCE):
                rows = slice(start, min(start + _QUERIES_AT_ONCE, len(unit)))
                found.mean[rows], found.is_member[rows] = self._of_batch(unit[rows], codes[rows])
                if on_progress is not None:
                    n_pairs = len(self._unit)
                    on_progress("cohort", rows.stop * n_pairs, len(unit) * n_pairs)
        return found

    def _of_batch(self, unit: Float32Array, codes: AnyArray) -> Nearness:
        means, is_member = np.empty(len(unit)), np.empty(len(unit), dtype=bool)
        todo, n_items = np.arange(len(unit)), len(self._unit)
        depth, needed = min(self._k + 2 * _SLACK, n_items), self._k + _SLACK
        while len(todo):
            similarity, found = self._index.search(unit[todo], depth)
            is_member[todo] = similarity[:, 0] > 1 - _ROUNDING
            is_other = self._codes[found] != codes[todo, None]
            # All that are left out may be among the nearest: then more are needed.
            enough = (is_other.sum(axis=1) >= needed) | (depth == n_items)
            settled = todo[enough]
            means[settled] = self._mean(unit[settled], found[enough], is_other[enough])
            todo, depth = todo[~enough], min(2 * depth, n_items)
        return Nearness(means, is_member)

    def _mean(self, unit: Float32Array, found: IntArray, is_other: AnyArray) -> FloatArray:
        similarity = np.full(found.shape, -np.inf)
        row, column = np.nonzero(is_other)
        for start in range(0, len(row), _PAIRS_AT_ONCE):
            some = row[start : start + _PAIRS_AT_ONCE], column[start : start + _PAIRS_AT_ONCE]
            of_rows = unit[some[0]].astype(np.float64)
            similarity[some] = np.einsum("ij,ij->i", of_rows, self._unit[found[some]])
        nearest = np.sort(similarity, axis=1)[:, ::-1][:, : self._k]
        return np.asarray(nearest.mean(axis=1))
