"""One side of a tile: vectors, their classes and their additive terms of the distance."""

from dataclasses import dataclass, replace

import numpy as np

from opiscli.arrays import Float32Array, Int32Array, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.row_pieces import taken

_HALF = np.float32(0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Items whose pairs with the other side are counted.

    The distance of a pair is ``term_a + term_b - vector_a . vector_b``. For unit vectors
    both terms are one half, and this is the cosine distance ``1 - s``; for vectors moved by a
    common centre, each term is half the squared length, and it is still ``1 - s``.

    Parameters
    ----------
    vectors
        Shape ``(n_items, dims)``, float32.
    codes
        Shape ``(n_items,)``, class of each item, non-decreasing.
    ids
        Same shape, increasing; items with one id on both sides are the same item.
    terms
        Same shape, float32, without the offsets; ``None`` for one half everywhere.
    offsets
        Same shape, float32, added to the distance of every pair of the item; ``None`` for
        zero. An item with r to be taken off its similarities at weight w has the offset w r.
    """

    vectors: Float32Array
    codes: Int32Array
    ids: IntArray
    terms: Float32Array | None = None
    offsets: Float32Array | None = None

    @classmethod
    def of(cls, items: EmbeddingSet, offsets: Float32Array | None = None) -> "Side":
        """All items of a set, with its offsets or others."""
        ids = np.arange(items.n_items)
        own = items.offset_values if offsets is None else offsets
        return cls(items.vectors, items.codes, ids, items.half_squares, own)

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, chosen: slice | IntArray) -> "Side":
        """Some of the items, in their order."""
        return replace(
            self,
            vectors=self.vectors[chosen]
            if isinstance(chosen, slice)
            else taken(self.vectors, chosen),
            codes=self.codes[chosen],
            ids=self.ids[chosen],
            terms=None if self.terms is None else self.terms[chosen],
            offsets=None if self.offsets is None else self.offsets[chosen],
        )

    @property
    def is_plain(self) -> bool:
        """Whether all terms are 1/2, so that the distance is one minus the product."""
        return self.terms is None and self.offsets is None

    @property
    def sums(self) -> Float32Array:
        """Shape ``(n_items,)``, the term that each item adds to the distances of its pairs."""
        terms = np.full(len(self), _HALF) if self.terms is None else self.terms
        return terms if self.offsets is None else terms + self.offsets

    @property
    def mean_term(self) -> float:
        """Mean of the terms: half the distance between two orthogonal items."""
        return 0.5 if self.terms is None else float(self.terms.mean())

    @property
    def all_offsets(self) -> Float32Array:
        """Shape ``(n_items,)``, the offsets; zeros if there are none."""
        return np.zeros(len(self), dtype=np.float32) if self.offsets is None else self.offsets

    @property
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest offset; zero is among them."""
        if self.offsets is None:
            return 0.0, 0.0
        return min(float(self.offsets.min()), 0.0), max(float(self.offsets.max()), 0.0)
