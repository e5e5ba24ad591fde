"""A head as it is used: a projection, and offsets by a cohort if it has one."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.embeddings.changed_rows import Change, ChangedRows
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import Offsets
from opiscli.embeddings.unit_rows import spread_out
from opiscli.errors import EmbeddingError
from opiscli.heads import Projection
from opiscli.heads.cohort import HeadCohort

if TYPE_CHECKING:
    from opiscli.neighbours.cohort import Cohort

_MOST_ITEMS = 5000
"""Of a cohort: with more, the mean similarity to the nearest hardly changes."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedHead:
    """A projection and the cohort of its offsets; ``None`` for cosines as they are."""

    projection: Projection
    cohort: HeadCohort | None = None

    @classmethod
    def normalized(
        cls, projection: Projection, items: EmbeddingSet, k: int, weight: float, threads: int
    ) -> "FittedHead":
        """Take the cohort from training items: all of them, or 5,000 spread over the space.

        Parameters
        ----------
        items
            Items before the head.

        Raises
        ------
        EmbeddingError
            If they are too few: see `require_cohort`.
        """
        chosen = _cohort_of(items, k)
        rows = projection.apply(items.unit_rows[chosen])
        centre = _searched(rows, items.codes[chosen], k, threads).own_mean()
        return cls(projection, HeadCohort(rows, k, weight, centre))

    def change(self, threads: int) -> Change:
        """Return a function from unit rows to rows through the head, and their offsets."""
        if self.cohort is None:
            return lambda unit: ChangedRows(self.projection.apply(unit))
        k, weight, centre = self.cohort.k, self.cohort.weight, self.cohort.centre
        searched = _searched(self.cohort.rows, None, k, threads)

        def changed(unit: Float32Array) -> ChangedRows:
            rows = self.projection.apply(unit)
            near = searched.nearness(rows)
            offsets = Offsets.of(weight * (near.mean - centre), k, weight)
            return ChangedRows(rows, offsets, int(near.is_member.sum()))

        return changed

    def applied(self, items: EmbeddingSet, threads: int) -> EmbeddingSet:
        """Return items of other classes as they are compared through this head."""
        unit, offsets, _ = self.change(threads)(items.unit_rows)
        return replace(items.with_unit_rows(unit), offsets=offsets)


def require_cohort(items: EmbeddingSet, k: int) -> None:
    """Raise `EmbeddingError` if items have fewer than ``k`` neighbours of other classes."""
    _cohort_of(items, k)


def _cohort_of(items: EmbeddingSet, k: int) -> IntArray:
    chosen = spread_out(items.vectors, _MOST_ITEMS)
    largest = int(np.bincount(items.codes[chosen]).max())
    if len(chosen) - largest < k:
        raise EmbeddingError(
            f"the cohort of --normalize has {len(chosen) - largest:,} items beside its largest"
            f" class, fewer than the {k} whose similarity is averaged",
            hint="Train on more items, or omit --normalize.",
        )
    return chosen


def _searched(rows: Float32Array, codes: AnyArray | None, k: int, threads: int) -> "Cohort":
    # Imported here: FAISS takes long to import, and a head without offsets needs none.
    from opiscli.neighbours.cohort import Cohort

    return Cohort(rows, codes, k, threads=threads)
