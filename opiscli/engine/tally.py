"""Tallies: additive integer counts, and the nearest distances of each item."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, IntArray
from opiscli.embeddings.on_disk import release, zeros_on_disk
from opiscli.embeddings.row_pieces import pieces


@dataclass(frozen=True, slots=True, eq=False)
class ItemTally:
    """Counts per item of one side.

    Parameters
    ----------
    positive, negative
        Shape ``(n_items, n_item_bins)``, pairs of each item in each coarse bin; no columns
        where items are not counted one by one.
    nearest_positive, nearest_negative
        Shape ``(n_items,)``, cosine distance to the nearest item of the same class and of
        another; infinite where it lies beyond all bins.
    """

    positive: AnyArray
    negative: AnyArray
    nearest_positive: Float32Array
    nearest_negative: Float32Array

    @classmethod
    def empty(
        cls,
        n_items: int,
        n_bins: int,
        *,
        kind: type[np.integer[Any]] = np.int32,
        with_positives: bool = True,
        on_disk: bool = False,
    ) -> "ItemTally":
        """A tally without counts, whose tables are in memory or on disk."""
        nearest = (np.full(n_items, np.inf, dtype=np.float32) for _ in range(2))
        make = zeros_on_disk if on_disk else zeros
        positive = make((n_items, n_bins if with_positives else 0), kind)
        return cls(positive, make((n_items, n_bins), kind), *nearest)

    def add(self, other: "ItemTally", at: slice) -> None:
        """Add counts of the items at these positions, in place."""
        if other.positive.shape[1]:
            add_rows(self.positive, at, other.positive)
        if other.negative.shape[1]:
            add_rows(self.negative, at, other.negative)
        for name in ("nearest_positive", "nearest_negative"):
            mine: Float32Array = getattr(self, name)[at]
            np.minimum(mine, getattr(other, name), out=mine)


@dataclass(frozen=True, slots=True, eq=False)
class BlockTally:
    """Counts of one block, for the classes and items that it contains.

    Parameters
    ----------
    first_row_class, first_column_class
        Class of the first row of the tables of rows and of columns.
    positive, row_negative
        Shape ``(row classes, n_bins)``, pairs of each class in each bin, the one beyond left
        out; ``positive`` has no rows where no class is on both sides.
    column_negative
        The same of the columns' classes; no rows where only rows count.
    row_items, column_items
        Pairs of each item.
    """

    first_row_class: int
    first_column_class: int
    positive: AnyArray
    row_negative: AnyArray
    column_negative: AnyArray
    row_items: ItemTally
    column_items: ItemTally

    def add(self, part: "BlockTally", rows: slice, columns: slice) -> None:
        """Add a part of the block in place.

        Parameters
        ----------
        rows, columns
            Positions of the part in the block.
        """
        first = part.first_row_class - self.first_row_class
        at_rows = slice(first, first + len(part.row_negative))
        self.row_negative[at_rows] += part.row_negative
        if len(part.positive):
            self.positive[at_rows] += part.positive
        if len(part.column_negative):
            first = part.first_column_class - self.first_column_class
            self.column_negative[first : first + len(part.column_negative)] += part.column_negative
        self.row_items.add(part.row_items, rows)
        self.column_items.add(part.column_items, columns)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Counts of all blocks so far. Tallies of disjoint blocks can be added.

    Parameters
    ----------
    positive, negative
        Shape ``(n_classes, n_bins)``, pairs of each class in each bin: a positive pair once, a
        negative one at the classes of both its ends, or of its row where only rows count.
    row_items, column_items
        Pairs of each item of a side; one and the same where both sides are one set.
    """

    positive: AnyArray
    negative: AnyArray
    row_items: ItemTally
    column_items: ItemTally

    def add(self, block: BlockTally, rows: slice, columns: slice) -> None:
        """Add a block in place: the only mutation of a tally during counting."""
        at_rows = slice(block.first_row_class, block.first_row_class + len(block.row_negative))
        add_rows(self.negative, at_rows, block.row_negative)
        if len(block.positive):
            add_rows(self.positive, at_rows, block.positive)
        if len(block.column_negative):
            first = block.first_column_class
            at_columns = slice(first, first + len(block.column_negative))
            add_rows(self.negative, at_columns, block.column_negative)
        self.row_items.add(block.row_items, rows)
        self.column_items.add(block.column_items, columns)

    def __add__(self, other: "Tally") -> "Tally":
        """Sum the counts of two disjoint parts of one space."""
        rows = _joined(self.row_items, other.row_items)
        is_one_set = self.row_items is self.column_items
        return Tally(
            self.positive + other.positive,
            self.negative + other.negative,
            rows,
            rows if is_one_set else _joined(self.column_items, other.column_items),
        )

    @property
    def pooled_positive(self) -> IntArray:
        """Shape ``(n_bins,)``, positive pairs of all classes in each bin."""
        return _sum_of_rows(self.positive)

    @property
    def ends_of_negative(self) -> IntArray:
        """Same shape, the number of ends of negative pairs in each bin."""
        return _sum_of_rows(self.negative)


@dataclass(frozen=True, slots=True, eq=False)
class PooledTally:
    """Counts of all classes together, where a table of every class would not fit.

    Parameters
    ----------
    pooled_positive, ends_of_negative
        Shape ``(n_bins,)``, as in `Tally`.
    """

    pooled_positive: IntArray
    ends_of_negative: IntArray

    def add(self, block: BlockTally) -> None:
        """Add a block in place."""
        for total, tables in (
            (self.pooled_positive, (block.positive,)),
            (self.ends_of_negative, (block.row_negative, block.column_negative)),
        ):
            for table in tables:
                total += table.sum(axis=0, dtype=np.int64)


def zeros(shape: tuple[int, ...], kind: type[np.integer[Any]]) -> AnyArray:
    """Allocate a table of zeros and touch its memory at once.

    NumPy asks for large memory pages only where it does not leave the zeroing to the
    system; a kernel that adds all over a table is markedly quicker with them.
    """
    table: AnyArray = np.empty(shape, dtype=kind)
    table.fill(0)
    return table


def add_rows(table: AnyArray, at: slice, counts: AnyArray) -> None:
    """Add counts to some rows of a table, in memory or on disk."""
    table[at] += counts
    release(table[at])


def _sum_of_rows(table: AnyArray) -> IntArray:
    total = np.zeros(table.shape[1], dtype=np.int64)
    for rows in pieces(table):
        total += table[rows].sum(axis=0, dtype=np.int64)
    return total


def _joined(one: ItemTally, other: ItemTally) -> ItemTally:
    return ItemTally(
        *(
            (np.minimum if field.name.startswith("nearest") else np.add)(
                getattr(one, field.name), getattr(other, field.name)
            )
            for field in fields(one)
        )
    )
