"""The one thing every computation starts from: validated unit vectors, grouped by class."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, Int32Array, IntArray
from opiscli.embeddings.labels import Labels
from opiscli.errors import EmbeddingError

_ROWS_AT_ONCE = 512  # few enough for float64 copies of them to stay in the cache
_Array = TypeVar("_Array", bound=AnyArray)


@dataclass(frozen=True)
class EmbeddingSet:
    """Unit embeddings with their classes; items of a class stand next to one another.

    Nobody downstream checks again: rows are finite and of length one, codes are
    non-decreasing, and both are read-only.

    Parameters
    ----------
    unit
        Shape ``(n_items, dims)``, float32, rows of Euclidean length one.
    codes
        Shape ``(n_items,)``, class of each item, ``0 .. n_classes - 1``, non-decreasing.
    names
        Label of each class.
    rows
        Shape ``(n_items,)``, where each item stood in its source, from 0.
    columns
        Other columns that were read, by name, with one entry an item.
    """

    unit: Float32Array
    codes: Int32Array
    names: tuple[str, ...]
    rows: IntArray
    columns: Mapping[str, Labels] = field(default_factory=dict)

    @classmethod
    def from_unit_rows(
        cls,
        unit: Float32Array,
        labels: Labels,
        columns: Mapping[str, Labels] | None = None,
        *,
        with_pairs: bool = True,
    ) -> "EmbeddingSet":
        """Group unit rows by class, keeping their order within a class.

        Parameters
        ----------
        columns
            Other columns in the order of ``unit``.
        with_pairs
            Whether there must be pairs inside the set; not where all are across two sets.

        Raises
        ------
        EmbeddingError
            If lengths differ, or there is no positive or no negative pair and must be.
        """
        if len(unit) != len(labels.codes):
            raise EmbeddingError(
                f"there are {len(unit):,} embeddings but {len(labels.codes):,} labels,"
                " expected as many",
                hint="Check that both come from the same run and are in the same order.",
            )
        for name, column in (columns or {}).items():
            if len(column.codes) != len(unit):
                raise EmbeddingError(
                    f"there are {len(unit):,} embeddings but {len(column.codes):,} values of"
                    f" {name!r}, expected as many",
                    hint="Check that both come from the same run and are in the same order.",
                )
        if with_pairs:
            _require_pairs(labels)
        rows = np.argsort(labels.codes, kind="stable").astype(np.int64)
        in_order = bool(np.all(rows[1:] > rows[:-1]))
        grouped = unit.view() if in_order else unit[rows]
        others = {name: column.take(rows) for name, column in (columns or {}).items()}
        codes = _frozen(labels.codes[rows])
        return cls(_frozen(grouped), codes, labels.names, _frozen(rows), others)

    @classmethod
    def from_arrays(
        cls,
        embeddings: AnyArray,
        labels: AnyArray,
        columns: Mapping[str, AnyArray] | None = None,
        *,
        with_pairs: bool = True,
    ) -> "EmbeddingSet":
        """Validate and normalise arrays.

        Parameters
        ----------
        embeddings
            Shape ``(n_items, dims)``, floats or integers.
        labels
            Shape ``(n_items,)``, strings, integers or booleans.
        columns
            Other columns by name, of the same shape and types.
        with_pairs
            Whether there must be pairs inside the set; not where all are across two sets.

        Raises
        ------
        EmbeddingError
            If a row is zero or not finite (the first is named), a shape or type is
            wrong, or there is no positive or no negative pair and must be.
        """
        embeddings = np.asarray(embeddings)
        if embeddings.ndim != 2:
            raise EmbeddingError(
                f"embeddings have shape {embeddings.shape}, expected (items, dims)",
                hint="Save one embedding per row of a two-dimensional array.",
            )
        unit = unit_rows([embeddings], len(embeddings))
        others = {name: Labels.from_values(column) for name, column in (columns or {}).items()}
        coded = Labels.from_values(np.asarray(labels))
        return cls.from_unit_rows(unit, coded, others, with_pairs=with_pairs)

    @property
    def n_items(self) -> int:
        """Number of rows."""
        return len(self.unit)

    @property
    def n_pairs(self) -> int:
        """Unordered pairs of two different items."""
        return self.n_items * (self.n_items - 1) // 2

    @property
    def dims(self) -> int:
        """Length of an embedding."""
        return int(self.unit.shape[1])

    @property
    def n_classes(self) -> int:
        """Number of classes, singletons included."""
        return len(self.names)

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
        """Shape ``(n_items,)``, uint64, a random-looking number made of each unit row.

        Equal rows have equal numbers, so choosing items by them is a random sample that
        does not depend on the order of rows.
        """
        words = self.unit.view(np.uint32)
        keys = np.random.default_rng(0).integers(0, 2**64, size=self.dims, dtype=np.uint64) | 1
        numbers = np.empty(self.n_items, dtype=np.uint64)
        for start in range(0, self.n_items, _ROWS_AT_ONCE):
            block = slice(start, start + _ROWS_AT_ONCE)
            mixed = (words[block] * keys).sum(axis=1, dtype=np.uint64)
            # The high bits of a product of odd numbers depend on all bits below them.
            numbers[block] = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15)
        return _frozen(numbers)

    @property
    def sha256(self) -> str:
        """Digest of labels and unit rows that does not depend on the order of rows."""
        digest = hashlib.sha256()
        for name, size in zip(self.names, self.class_sizes.tolist(), strict=True):
            digest.update(f"{len(name)}:{name}:{size};".encode("utf-8", "surrogatepass"))
        # Classes stand in the order of their names; inside one, order has no meaning.
        in_order = self.fingerprints[np.lexsort((self.fingerprints, self.codes))]
        digest.update(in_order.astype("<u8").tobytes())
        return digest.hexdigest()

    @cached_property
    def first_equal(self) -> IntArray:
        """Shape ``(n_items,)``, position of the first item with exactly the same unit row.

        Items are in class order, so which one comes first does not depend on the order
        of classes in the source.
        """
        return _first_equal(self.unit, self.fingerprints)

    @property
    def repeats(self) -> BoolArray:
        """Shape ``(n_items,)``, true where an earlier item has exactly the same unit row."""
        return np.asarray(self.first_equal != np.arange(self.n_items))

    @property
    def n_conflicts(self) -> int:
        """Items whose embedding first occurs in another class."""
        return int(np.count_nonzero(self.codes[self.first_equal] != self.codes))

    def subset(self, chosen: AnyArray) -> "EmbeddingSet":
        """Keep the items at the given increasing positions, or where a mask is true.

        Raises
        ------
        EmbeddingError
            If no positive or no negative pair is left.
        """
        used, codes = np.unique(self.codes[chosen], return_inverse=True)
        labels = Labels(codes.astype(np.int32), tuple(self.names[code] for code in used))
        others = {name: column.take(chosen) for name, column in self.columns.items()}
        kept = EmbeddingSet.from_unit_rows(self.unit[chosen], labels, others)
        return replace(kept, rows=_frozen(self.rows[chosen]))

    def without_repeats(self) -> "EmbeddingSet":
        """Keep the first of all items with exactly the same unit row."""
        return self.subset(~self.repeats)


def unit_rows(blocks: Iterable[AnyArray], n_items: int) -> Float32Array:
    """Scale rows to length one, block by block, into one float32 array.

    Lengths are taken in float64 after dividing by the largest entry, so neither tiny
    nor huge float64 values are lost.

    Parameters
    ----------
    blocks
        Arrays of shape ``(any, dims)``, floats or integers, ``n_items`` rows in all.

    Raises
    ------
    EmbeddingError
        If there is nothing to read, or a row is zero or not finite.
    """
    unit = np.empty((n_items, 0), dtype=np.float32)
    bad = np.zeros(n_items, dtype=bool)
    start = 0
    for block in blocks:
        if start == 0:
            unit = np.empty((n_items, block.shape[1]), dtype=np.float32)
        for first in range(0, len(block), _ROWS_AT_ONCE):
            some = block[first : first + _ROWS_AT_ONCE]
            rows = slice(start + first, start + first + len(some))
            bad[rows] = _scale_rows(some, unit[rows])
        start += len(block)
    if unit.size == 0:
        raise EmbeddingError(
            f"there are {n_items:,} embeddings of {unit.shape[1]:,} dims, expected at least one"
            " of each",
            hint="Check that the source was written completely.",
        )
    _refuse_bad_rows(bad)
    return unit


def _scale_rows(block: AnyArray, unit: Float32Array) -> BoolArray:
    """Write rows of length one into ``unit``; tell which rows have no direction."""
    if block.dtype.kind not in "fiu":
        raise EmbeddingError(
            f"embeddings are of type {block.dtype}, expected float16, float32 or float64",
            hint="Convert the embeddings to float32.",
        )
    wide = block.astype(np.float64)
    peak = np.max(np.abs(wide), axis=1, keepdims=True, initial=0.0)
    bad: BoolArray = ~(np.isfinite(peak) & (peak > 0))[:, 0]
    wide[bad] = peak[bad] = 1.0
    wide /= peak
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    # Adding zero turns -0.0 into 0.0, so equal rows are equal byte by byte.
    np.add(wide, 0.0, out=unit, casting="same_kind")
    return bad


def _refuse_bad_rows(bad: BoolArray) -> None:
    if n_bad := int(np.count_nonzero(bad)):
        found = "1 embedding is" if n_bad == 1 else f"{n_bad:,} embeddings are"
        raise EmbeddingError(
            f"{found} zero or not finite, first in row {int(np.argmax(bad))} (counting from 0)",
            hint="Drop these rows, or export the model's output again.",
            row=int(np.argmax(bad)),
        )


def _require_pairs(labels: Labels) -> None:
    sizes = np.bincount(labels.codes, minlength=1)
    if len(labels.names) < 2:
        raise EmbeddingError(
            f"all {len(labels.codes):,} items are of one class, expected at least two classes",
            hint="Without a second class there are no negative pairs; check the label column.",
        )
    if sizes.max() < 2:
        raise EmbeddingError(
            f"each of the {len(labels.names):,} classes has a single item, expected at least one"
            " class with two",
            hint="Without a second item there are no positive pairs; is the label column an id?",
        )


def _first_equal(unit: Float32Array, fingerprints: AnyArray) -> IntArray:
    _, first, group = np.unique(fingerprints, return_index=True, return_inverse=True)
    leader: IntArray = first[group]
    suspects = np.flatnonzero(leader != np.arange(len(unit)))
    differ = np.any(unit[suspects] != unit[leader[suspects]], axis=1)
    leader[suspects[differ]] = suspects[differ]
    return leader


def _frozen(array: _Array) -> _Array:
    array.flags.writeable = False
    return array
