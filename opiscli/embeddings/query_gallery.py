"""Queries and a gallery under one list of classes.

Classes are matched by label. For class i with q_i queries out of Q and g_i gallery items out of G:

- its positive pairs are a query and a gallery item of it: q_i g_i of them. A class has an
  OPIS, a TPR and R@1 queries only if it has both.
- its negative pairs have one end in it, on either side: q_i (G - g_i) + g_i (Q - q_i). So the
  FAR of a class counts what its queries wrongly accept and what wrongly accepts its gallery
  items; over all classes every negative pair is counted twice, as it is within one set.
- pooled rates are over all Q G pairs; classes on one side only take part in them.
- R@1: share of the queries of classes in the gallery whose nearest gallery item is of
  their class, one half where that depends on how ties are ordered.

No item is compared with another of its own side, and none is left out: an item that is in both
sets is an ordinary pair with itself, at distance 0.
"""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import Float32Array, Int32Array, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import COSINE
from opiscli.embeddings.row_pieces import taken
from opiscli.errors import EmbeddingError


@dataclass(frozen=True, slots=True, eq=False)
class ClassOrdered:
    """One side: items in class order under a common list of classes.

    Parameters
    ----------
    vectors
        Shape ``(n_items, dims)``, float32, unit rows less the common centre.
    half_squares
        Shape ``(n_items,)``, half of their squared lengths; ``None`` for one half.
    codes
        Same shape, class of each item, non-decreasing.
    offset_values
        Same shape, offsets of the similarities; ``None`` for zero.
    """

    vectors: Float32Array
    half_squares: Float32Array | None
    codes: Int32Array
    offset_values: Float32Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class QueryGallery:
    """Queries and a gallery under one list of classes, each in class order.

    Parameters
    ----------
    queries, gallery
        The two sides.
    names
        Label of each class on either side, sorted as text.
    """

    queries: ClassOrdered
    gallery: ClassOrdered
    names: tuple[str, ...]

    @classmethod
    def of(cls, queries: EmbeddingSet, gallery: EmbeddingSet) -> "QueryGallery":
        """Match two sets by the names of their classes.

        Raises
        ------
        EmbeddingError
            If dims or scores differ, no class is on both sides, or there is only one class.
        """
        if queries.dims != gallery.dims:
            raise EmbeddingError(
                f"queries have {queries.dims:,} dims and the gallery {gallery.dims:,};"
                " the numbers must match",
                hint="Embed both with the same model.",
            )
        if queries.score != gallery.score:
            raise EmbeddingError(
                f"queries are compared by {queries.score or COSINE} and the gallery by"
                f" {gallery.score or COSINE}; both must be the same",
                hint="Run opis normalize on both with one cohort, or add --no-offset.",
            )
        names = tuple(sorted({*queries.names, *gallery.names}))
        if not set(queries.names) & set(gallery.names):
            raise EmbeddingError(
                f"none of the {queries.n_classes:,} classes of the queries is in the gallery",
                hint="Labels are matched as text; check the label columns of both.",
            )
        if len(names) < 2:
            raise EmbeddingError(
                f"all queries and the whole gallery are of one class, {names[0]!r}",
                hint="Without a second class there are no negative pairs.",
            )
        moved = queries.recentred(gallery)
        return cls(_in_class_order(moved, names), _in_class_order(gallery, names), names)

    @property
    def query_sizes(self) -> IntArray:
        """Shape ``(n_classes,)``, queries of each class."""
        return np.bincount(self.queries.codes, minlength=len(self.names))

    @property
    def gallery_sizes(self) -> IntArray:
        """Shape ``(n_classes,)``, gallery items of each class."""
        return np.bincount(self.gallery.codes, minlength=len(self.names))


def _in_class_order(items: EmbeddingSet, names: tuple[str, ...]) -> ClassOrdered:
    code_of = {name: code for code, name in enumerate(names)}
    codes = np.array([code_of[name] for name in items.names], dtype=np.int32)[items.codes]
    side = ClassOrdered(items.vectors, items.half_squares, codes, items.offset_values)
    if np.all(codes[1:] >= codes[:-1]):
        return side
    order = np.argsort(codes, kind="stable")
    halves = None if items.half_squares is None else items.half_squares[order]
    offsets = None if items.offset_values is None else items.offset_values[order]
    return ClassOrdered(taken(items.vectors, order), halves, codes[order], offsets)
