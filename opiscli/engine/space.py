"""Pair spaces: the only definition of which pairs exist."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

import numpy as np

from opiscli.arrays import Int32Array, IntArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import LARGEST, from_cosine_distance
from opiscli.embeddings.on_disk import is_on_disk
from opiscli.engine.side import Side


class Pairing(Enum):
    """Which entries of a tile are pairs."""

    LATER = "each row with the columns that come later: every unordered pair of one set once"
    OTHERS = "each row with every column but itself: ordered pairs"
    ALL = "each row with every column: two sets"


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangular part of a space: the unit of work of one task.

    Parameters
    ----------
    rows, columns
        Positions on both sides.
    n_pairs
        Pairs in it.
    parts
        Blocks that cover its pairs, if they are counted one by one and then added.
    """

    rows: slice
    columns: slice
    n_pairs: int
    parts: tuple["Block", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class PairSpace:
    """Two sides, the pairs between them, and the number of pairs per class.

    Parameters
    ----------
    rows, columns
        The sides; for `Pairing.LATER` the same items.
    pairing
        Which cells are pairs.
    positive_pairs, negative_pairs
        Shape ``(n_classes,)``, pairs of each class, accepted or not.
    ends
        How many classes count a negative pair: those of both its ends, or only its row's.
    same_class_only
        Whether pairs of two classes are left out.
    by_difference
        Whether the distance of two vectors is half the squared length of their difference;
        not for products with stored copies that are no longer of length one.
    """

    rows: Side
    columns: Side
    pairing: Pairing
    positive_pairs: IntArray
    negative_pairs: IntArray
    ends: int = 2
    same_class_only: bool = False
    by_difference: bool = True

    @classmethod
    def within(cls, side: Side, n_classes: int, *, same_class_only: bool = False) -> "PairSpace":
        """All unordered pairs of two items of one set."""
        sizes = _sizes(side, n_classes)
        return cls(
            side,
            side,
            Pairing.LATER,
            positive_pairs=sizes * (sizes - 1) // 2,
            negative_pairs=sizes * (len(side) - sizes),
            same_class_only=same_class_only,
        )

    @classmethod
    def without_labels(cls, side: Side) -> "PairSpace":
        """All unordered pairs of one set, each a negative one: what rows are is not known.

        A pair has its earlier item in class 0 and its later one in class 1.
        """
        n_pairs = len(side) * (len(side) - 1) // 2
        return cls(
            replace(side, codes=np.zeros_like(side.codes)),
            replace(side, codes=np.ones_like(side.codes)),
            Pairing.LATER,
            positive_pairs=np.zeros(2, dtype=np.int64),
            negative_pairs=np.full(2, n_pairs),
        )

    @classmethod
    def across(cls, queries: Side, gallery: Side, n_classes: int) -> "PairSpace":
        """All pairs of a query and a gallery item.

        For class i with q of Q queries and g of G gallery items: q g positive pairs, and
        q (G - g) + g (Q - q) negative ones with an end in it, on either side.
        """
        q, g = _sizes(queries, n_classes), _sizes(gallery, n_classes)
        return cls(
            queries,
            gallery,
            Pairing.ALL,
            positive_pairs=q * g,
            negative_pairs=q * (len(gallery) - g) + g * (len(queries) - q),
        )

    @classmethod
    def against_stored(
        cls, items: Side, copies: Side, n_classes: int, *, is_l2: bool
    ) -> "PairSpace":
        """Ordered pairs of each original item and the stored copies of all others."""
        sizes = _sizes(items, n_classes)
        return cls(
            items,
            copies,
            Pairing.OTHERS,
            positive_pairs=sizes * (sizes - 1),
            negative_pairs=2 * sizes * (len(items) - sizes),
            by_difference=is_l2,
        )

    @classmethod
    def sampled(cls, items: Side, drawn: Side, n_classes: int) -> "PairSpace":
        """Ordered pairs of each item and a sample of the others, which represents all.

        A negative pair counts for the class of its item alone.
        """
        sizes, others = _sizes(items, n_classes), _sizes(drawn, n_classes)
        return cls(
            items,
            drawn,
            Pairing.OTHERS,
            # Each drawn item meets all others of its class.
            positive_pairs=others * (sizes - 1),
            negative_pairs=sizes * (len(drawn) - others),
            ends=1,
        )

    @property
    def n_classes(self) -> int:
        """Number of classes, on either side."""
        return len(self.positive_pairs)

    @property
    def is_one_set(self) -> bool:
        """Whether both sides are the same items."""
        return self.pairing is Pairing.LATER

    @property
    def is_on_disk(self) -> bool:
        """Whether vectors are on disk, where the tables of counts then are, too."""
        return is_on_disk(self.rows.vectors) or is_on_disk(self.columns.vectors)

    @property
    def is_plain(self) -> bool:
        """Whether the distance is one minus a product of unit vectors."""
        return self.rows.is_plain and self.columns.is_plain

    @property
    def scale(self) -> float:
        """Cosine distance of two orthogonal items: 1 for plain unit vectors."""
        return self.rows.mean_term + self.columns.mean_term

    @property
    def magnitude(self) -> float:
        """Size of the numbers that are added up to distances; `scale` without offsets."""
        extremes = *self.rows.extremes, *self.columns.extremes
        return self.scale + 2 * max(map(abs, extremes))

    def extent(self, distance: Distance) -> tuple[float, float]:
        """Distances that no pair is below and none is above: 0 and 2 without offsets."""
        (low, high), (low_2, high_2) = self.rows.extremes, self.columns.extremes
        ends = from_cosine_distance(np.array([low + low_2, LARGEST + high + high_2]), distance)
        return float(ends[0]), float(ends[1])

    @property
    def n_pairs(self) -> int:
        """Number of all pairs."""
        if self.pairing is Pairing.LATER:
            return len(self.rows) * (len(self.rows) - 1) // 2
        n_same = 0
        if self.pairing is Pairing.OTHERS:
            n_same = len(np.intersect1d(self.rows.ids, self.columns.ids))
        return len(self.rows) * len(self.columns) - n_same

    def blocks(self, side: int) -> list[Block]:
        """Cover every pair exactly once with rectangles of at most ``side`` items per side.

        Sides are cut between classes where classes are small enough, so that few blocks
        have positive pairs.
        """
        return [
            block
            for block in self._rectangles(side)
            if block.n_pairs and (not self.same_class_only or self.has_positives(block))
        ]

    def has_positives(self, block: Block) -> bool:
        """Whether a class may be on both sides of a block."""
        rows, columns = self.rows.codes[block.rows], self.columns.codes[block.columns]
        return bool(rows[-1] >= columns[0] and columns[-1] >= rows[0])

    def _rectangles(self, side: int) -> Iterator[Block]:
        bands = [list(class_bands(one.codes, side)) for one in (self.rows, self.columns)]
        for i, rows in enumerate(bands[0]):
            for columns in bands[1][i if self.pairing is Pairing.LATER else 0 :]:
                yield Block(rows, columns, self.pairs_of(rows, columns))

    def pairs_of(self, rows: slice, columns: slice) -> int:
        """Pairs of a rectangle."""
        if self.pairing is not Pairing.LATER:
            return int((rows.stop - rows.start) * (columns.stop - columns.start))
        later = columns.stop - np.maximum(np.arange(rows.start, rows.stop) + 1, columns.start)
        return int(np.maximum(later, 0).sum())


def class_bands(codes: Int32Array, side: int) -> Iterator[slice]:
    """Split items into bands of at most ``side`` without splitting a class that fits into one."""
    edges = np.flatnonzero(np.diff(codes, prepend=-1, append=-1))
    start = 0
    while start < len(codes):
        stop = int(edges[np.searchsorted(edges, start + side, side="right") - 1])
        if stop <= start:  # a class larger than a band
            stop = min(start + side, len(codes))
        yield slice(start, stop)
        start = stop


def _sizes(side: Side, n_classes: int) -> IntArray:
    return np.bincount(side.codes, minlength=n_classes)
