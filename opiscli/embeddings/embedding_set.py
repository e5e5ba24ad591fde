"""The input of every computation: validated unit vectors, grouped by class."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, FloatArray, Int32Array, IntArray
from opiscli.embeddings.array_like import matrix_of
from opiscli.embeddings.labels import Labels, require_pairs
from opiscli.embeddings.offsets import Offsets
from opiscli.embeddings.repeats import fingerprints_of, first_equal_of
from opiscli.embeddings.row_pieces import in_order, pieces, taken
from opiscli.embeddings.unit_rows import (
    Centred,
    CentredRows,
    blocks,
    centred,
    centred_rows,
    shifted,
)
from opiscli.errors import EmbeddingError

_Array = TypeVar("_Array", bound=AnyArray)


@dataclass(frozen=True)
class EmbeddingSet:
    """Unit embeddings with their classes; the items of a class are adjacent.

    Nobody downstream checks again: vectors are finite, codes are non-decreasing, and both are
    read-only.

    Parameters
    ----------
    vectors
        Shape ``(n_items, dims)``, float32, rows of Euclidean length one less ``centre``:
        distances of these are distances of unit rows.
    codes
        Shape ``(n_items,)``, class of each item, ``0 .. n_classes - 1``, non-decreasing.
    names
        Label of each class.
    rows
        Shape ``(n_items,)``, where each item stood in its source, from 0.
    columns
        Other columns that were read, by name, with one entry per item.
    centre
        Shape ``(dims,)``, what was subtracted from the unit rows because they are crowded, all
        cosines being close to 1; ``None`` if nothing was.
    offsets
        What is subtracted from the similarities of each item; ``None`` for nothing.
    """

    vectors: Float32Array
    codes: Int32Array
    names: tuple[str, ...]
    rows: IntArray
    columns: Mapping[str, Labels] = field(default_factory=dict)
    centre: FloatArray | None = None
    offsets: Offsets | None = None

    @classmethod
    def from_rows(
        cls,
        rows: CentredRows,
        labels: Labels,
        columns: Mapping[str, Labels] | None = None,
        *,
        with_pairs: bool = True,
        offsets: Offsets | None = None,
    ) -> "EmbeddingSet":
        """Group rows by class, keeping their order within a class.

        Parameters
        ----------
        rows
            Taken over: they are put into the order of classes, in place if they are in memory.
        columns, offsets
            Other columns and the offsets in the order of ``rows``.
        with_pairs
            Whether there must be pairs inside the set; not where all are across two sets.

        Raises
        ------
        EmbeddingError
            If lengths differ, or there is no positive or no negative pair and must be.
        """
        vectors, centre = rows
        sizes = {f"values of {name!r}": len(one.codes) for name, one in (columns or {}).items()}
        if offsets is not None:
            sizes["offsets"] = len(offsets.values)
        for what, size in {"labels": len(labels.codes), **sizes}.items():
            if size != len(vectors):
                raise EmbeddingError(
                    f"{len(vectors):,} embeddings but {size:,} {what}; the numbers must match",
                    hint="Check that both come from the same run and are in the same order.",
                )
        if with_pairs:
            require_pairs(labels)
        order = np.argsort(labels.codes, kind="stable").astype(np.int64)
        if not np.all(order[1:] > order[:-1]):
            vectors = in_order(vectors, order)
        others = {name: column.take(order) for name, column in (columns or {}).items()}
        codes = _frozen(labels.codes[order])
        moved = None if offsets is None else offsets.take(order)
        return cls(_frozen(vectors), codes, labels.names, _frozen(order), others, centre, moved)

    @classmethod
    def from_arrays(
        cls,
        embeddings: object,
        labels: object,
        columns: Mapping[str, object] | None = None,
        *,
        with_pairs: bool = True,
        beside: Centred | None = None,
        offsets: Offsets | None = None,
        memory_limit: int | None = None,
    ) -> "EmbeddingSet":
        """Validate and normalise arrays.

        Parameters
        ----------
        embeddings
            Shape ``(n_items, dims)``, floats; anything that `matrix_of` takes.
        labels
            Shape ``(n_items,)``, strings, integers or booleans; anything that `label_array` takes.
        columns
            Other columns by name, of the same shape and types.
        with_pairs
            Whether there must be pairs inside the set; not where all are across two sets.
        beside
            The set that this one is going to be compared with, if there is one.
        offsets, memory_limit
            As in `from_rows` and `centred_rows`.

        Raises
        ------
        EmbeddingError
            If a row is zero or not finite (the first is named), a shape or type is
            wrong, or there is no positive or no negative pair and must be.
        """
        matrix = matrix_of(embeddings)
        n_items = len(matrix)
        rows = centred_rows(lambda: blocks(matrix), n_items, beside, memory_limit=memory_limit)
        others = {
            name: Labels.from_values(column, "value", f" ({name})")
            for name, column in (columns or {}).items()
        }
        coded = Labels.from_values(labels)
        return cls.from_rows(rows, coded, others, with_pairs=with_pairs, offsets=offsets)

    @property
    def n_items(self) -> int:
        """Number of rows."""
        return len(self.vectors)

    @property
    def n_pairs(self) -> int:
        """Unordered pairs of two different items."""
        return self.n_items * (self.n_items - 1) // 2

    @property
    def dims(self) -> int:
        """Length of an embedding."""
        return int(self.vectors.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes, singletons included."""
        return len(self.names)

    @cached_property
    def unit_rows(self) -> Float32Array:
        """Shape ``(n_items, dims)``, rows of length one; equal to `vectors` without a centre."""
        if self.centre is None:
            return self.vectors
        return _frozen(shifted(self.vectors, -self.centre))

    @cached_property
    def half_squares(self) -> Float32Array | None:
        """Shape ``(n_items,)``, half of each vector's squared length; ``None`` if all are 1/2.

        With them the cosine distance of two items is the sum of their two less the product of
        their vectors.
        """
        if self.centre is None:
            return None
        halves = np.empty(self.n_items, dtype=np.float32)
        for rows in pieces(self.vectors):
            wide = self.vectors[rows].astype(np.float64)
            halves[rows] = 0.5 * np.einsum("ij,ij->i", wide, wide)
        return _frozen(halves)

    @cached_property
    def offset_values(self) -> Float32Array | None:
        """Shape ``(n_items,)``, the offsets; ``None`` if there are none or all are zero."""
        return self.offsets.values if self.offsets and self.offsets.values.any() else None

    @property
    def score(self) -> str:
        """What pairs are compared by, if not by their cosine; empty for that."""
        return self.offsets.score if self.offsets else ""

    @cached_property
    def class_sizes(self) -> IntArray:
        """Shape ``(n_classes,)``, items of each class, at least 1."""
        return np.bincount(self.codes, minlength=self.n_classes)

    @cached_property
    def class_starts(self) -> IntArray:
        """Shape ``(n_classes,)``, position of each class's first item."""
        return np.concatenate([[0], np.cumsum(self.class_sizes)[:-1]])

    @cached_property
    def fingerprints(self) -> AnyArray:
        """Shape ``(n_items,)``, uint64, a hash of each vector and its offset.

        Equal rows have equal numbers, so choosing items by them is a random sample that
        does not depend on the order of rows.
        """
        return _frozen(fingerprints_of(self.vectors, self.offset_values))

    @property
    def sha256(self) -> str:
        """Digest of labels and vectors that does not depend on the order of rows."""
        digest = hashlib.sha256()
        for name, size in zip(self.names, self.class_sizes.tolist(), strict=True):
            digest.update(f"{len(name)}:{name}:{size};".encode("utf-8", "surrogatepass"))
        # Classes stand in the order of their names; inside one, order has no meaning.
        in_order = self.fingerprints[np.lexsort((self.fingerprints, self.codes))]
        digest.update(in_order.astype("<u8").tobytes())
        return digest.hexdigest()

    @cached_property
    def first_equal(self) -> IntArray:
        """Shape ``(n_items,)``, position of the first item with the same vector and offset.

        Items are in class order, so the order of classes in the source has no say.
        """
        return first_equal_of(self.vectors, self.fingerprints, self.offset_values)

    @property
    def repeats(self) -> BoolArray:
        """Shape ``(n_items,)``, true where an earlier item has exactly the same vector."""
        return np.asarray(self.first_equal != np.arange(self.n_items))

    @property
    def n_conflicts(self) -> int:
        """Number of items whose embedding first occurs in another class."""
        return int(np.count_nonzero(self.codes[self.first_equal] != self.codes))

    def subset(self, chosen: AnyArray, *, with_pairs: bool = True) -> "EmbeddingSet":
        """Keep the items at the given increasing positions, or where a mask is true.

        Raises
        ------
        EmbeddingError
            If no positive or no negative pair is left and there must be.
        """
        used, codes = np.unique(self.codes[chosen], return_inverse=True)
        labels = Labels(codes.astype(np.int32), tuple(self.names[code] for code in used))
        others = {name: column.take(chosen) for name, column in self.columns.items()}
        rows = CentredRows(taken(self.vectors, chosen), self.centre)
        offsets = None if self.offsets is None else self.offsets.take(chosen)
        kept = EmbeddingSet.from_rows(rows, labels, others, offsets=offsets, with_pairs=with_pairs)
        return replace(kept, rows=_frozen(self.rows[chosen]))

    def recentred(self, beside: Centred) -> "EmbeddingSet":
        """Move these items to the centre of another set, so that their vectors are comparable.

        Rounds once more than reading them ``beside`` the others does.
        """
        own, other = self.centre, beside.centre
        if own is other or (own is not None and other is not None and np.array_equal(own, other)):
            return self
        less = (0.0 if other is None else other) - (0.0 if own is None else own)
        moved = _frozen(shifted(self.vectors, np.asarray(less)))
        return replace(self, vectors=moved, centre=other)

    def with_unit_rows(self, unit: Float32Array) -> "EmbeddingSet":
        """Replace the rows by other unit rows, such as projected ones; offsets are lost."""
        rows = centred(unit)
        return replace(self, vectors=_frozen(rows.vectors), centre=rows.centre, offsets=None)

    def without_offsets(self) -> "EmbeddingSet":
        """The same items, compared by their cosine."""
        return self if self.offsets is None else replace(self, offsets=None)

    def without_repeats(self) -> "EmbeddingSet":
        """Keep only the first of items with exactly the same vector."""
        return self.subset(~self.repeats)


def _frozen(array: _Array) -> _Array:
    array.flags.writeable = False
    return array
