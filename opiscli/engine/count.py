"""The pairwise count: combines a pair space, bins, a kernel and an executor."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from opiscli.arrays import AnyArray, IntArray
from opiscli.embeddings.on_disk import zeros_on_disk
from opiscli.engine.bins import Bins
from opiscli.engine.executors import Workers, results
from opiscli.engine.kernels import kernel
from opiscli.engine.portions import portions
from opiscli.engine.space import Block, PairSpace
from opiscli.engine.tally import BlockTally, ItemTally, PooledTally, Tally, zeros
from opiscli.engine.tiles import Tile, exact_below, slack, tiles
from opiscli.progress import Progress

Array = TypeVar("Array", bound=AnyArray)

_LARGEST_SIDE, _SMALLEST_SIDE = 8192, 1024
_NARROW_FROM = 2048
"""Blocks of this side or more are made as small as lets 16 bits hold the pairs of a class."""
_BLOCKS = 32
"""Enough blocks to keep all threads busy until the end."""


@dataclass(frozen=True, slots=True, eq=False)
class BlockCounter:
    """Counts the pairs of a block; depends only on the block, so it can run in any process.

    Parameters
    ----------
    space, bins
        Which pairs, and between which thresholds.
    item_bin
        Shape ``(n_bins + 1,)``, coarse bin of each bin and of the one beyond.
    count_items
        Whether items are counted one by one, at both sides of one set or at the rows.
    kernel
        Name of the kernel.
    """

    space: PairSpace
    bins: Bins
    item_bin: AnyArray
    count_items: bool
    kernel: str

    @property
    def n_item_bins(self) -> int:
        """Number of coarse bins for the counts per item."""
        return int(self.item_bin[-1]) + 1 if self.count_items else 0

    def __call__(self, block: Block) -> BlockTally:
        """Count a block."""
        if block.parts:
            return self._of_parts(block)
        tally = self._empty(block, self._cell_type(block))
        for tile in tiles(self.space, block):
            self._add(
                tile,
                tally,
                tile.row_start - block.rows.start,
                tile.column_start - block.columns.start,
            )
        return tally

    def _of_parts(self, block: Block) -> BlockTally:
        total = self._empty(block, np.uint32)
        for part in block.parts:
            total.add(
                self(part), _inside(part.rows, block.rows), _inside(part.columns, block.columns)
            )
        return total

    def _empty(self, block: Block, kind: type[np.unsignedinteger[Any]]) -> BlockTally:
        space = self.space
        row_codes, column_codes = space.rows.codes[block.rows], space.columns.codes[block.columns]
        n_bins = len(self.bins) + 1
        row_classes = int(row_codes[-1]) - int(row_codes[0]) + 1
        column_classes = int(column_codes[-1]) - int(column_codes[0]) + 1
        shared = row_classes if space.has_positives(block) else 0
        return BlockTally(
            first_row_class=int(row_codes[0]),
            first_column_class=int(column_codes[0]),
            positive=zeros((shared, n_bins), kind),
            row_negative=zeros((row_classes, n_bins), kind),
            column_negative=zeros((column_classes if space.ends == 2 else 0, n_bins), kind),
            row_items=self._items(len(row_codes), self.n_item_bins, shared > 0),
            column_items=self._items(
                len(column_codes), self.n_item_bins if space.is_one_set else 0, shared > 0
            ),
        )

    def _cell_type(self, block: Block) -> type[np.unsignedinteger[Any]]:
        """Integer type for the counts per class in a block; narrow types stay in the cache."""
        largest = 0
        for codes, others in (
            (self.space.rows.codes[block.rows], block.columns),
            (self.space.columns.codes[block.columns], block.rows),
        ):
            n_others: int = others.stop - others.start
            largest = max(largest, int(np.bincount(codes - codes[0]).max()) * n_others)
        return np.uint16 if largest < 1 << 16 else np.uint32

    def _items(self, n_items: int, n_bins: int, shared: bool) -> ItemTally:
        # An item has fewer pairs in a block than 16 bits can count.
        return ItemTally.empty(n_items, n_bins, kind=np.uint16, with_positives=shared)

    def _add(self, tile: Tile, tally: BlockTally, row: int, column: int) -> None:
        rows, columns = slice(row, row + len(tile.rows)), slice(column, column + len(tile.columns))
        row_items, column_items = tally.row_items, tally.column_items
        kernel(self.kernel)(
            tile.products,
            tile.row_sums,
            tile.first,
            _read_only(tile.rows.codes),
            _read_only(tile.columns.codes),
            self.space.same_class_only,
            _read_only(tile.rows.vectors),
            _read_only(tile.columns.vectors),
            _read_only(tile.rows.all_offsets),
            _read_only(tile.columns.all_offsets),
            exact_below(self.space),
            slack(self.space),
            _read_only(self.bins.cutoffs),
            self.bins.origin,
            self.bins.cells_a_unit,
            _read_only(self.bins.first_bin),
            _read_only(self.item_bin),
            tally.first_row_class,
            tally.first_column_class,
            tally.positive,
            tally.row_negative,
            tally.column_negative,
            row_items.positive[rows],
            row_items.negative[rows],
            row_items.nearest_positive[rows],
            row_items.nearest_negative[rows],
            column_items.positive[columns],
            column_items.negative[columns],
            column_items.nearest_positive[columns],
            column_items.nearest_negative[columns],
        )


def count(
    space: PairSpace,
    bins: Bins,
    *,
    items_at: IntArray | None = None,
    kernel: str,
    workers: Workers,
    stage: str = "pairs",
    on_progress: Progress | None = None,
) -> Tally:
    """Count all pairs of a space, class by class.

    Parameters
    ----------
    items_at
        Positions of the thresholds at which items are counted one by one, increasing;
        ``None`` for nowhere.
    kernel
        Name of the kernel, from `opiscli.engine.kernels`.
    workers
        What blocks are counted on.
    stage
        What progress calls it.
    """
    counter = BlockCounter(space, bins, _item_bins(bins, items_at), items_at is not None, kernel)
    tally = empty_tally(counter)
    for block, counted in _counted(counter, workers, stage, on_progress):
        tally.add(counted, block.rows, block.columns)
    return tally


def count_pooled(
    space: PairSpace,
    bins: Bins,
    *,
    kernel: str,
    workers: Workers,
    stage: str,
    on_progress: Progress | None = None,
) -> PooledTally:
    """Count all pairs of a space, all classes together: little memory for any number of them.

    Parameters
    ----------
    kernel, workers, stage
        As in `count`.
    """
    counter = BlockCounter(space, bins, _item_bins(bins, None), False, kernel)
    tally = PooledTally(*(np.zeros(len(bins) + 1, dtype=np.int64) for _ in range(2)))
    for _, counted in _counted(counter, workers, stage, on_progress):
        tally.add(counted)
    return tally


def _counted(
    counter: BlockCounter,
    workers: Workers,
    stage: str,
    on_progress: Progress | None,
) -> Iterator[tuple[Block, BlockTally]]:
    """Blocks with their counts, as they are ready."""
    blocks = counter.space.blocks(block_side(counter.space))
    if workers.n_apart:
        blocks = portions(counter.space, blocks, workers.n_apart)
    done, n_pairs = 0, sum(block.n_pairs for block in blocks)
    for block, counted in results(workers, counter, blocks):
        yield block, counted
        done += block.n_pairs
        if on_progress is not None:
            on_progress(stage, done, n_pairs)


def empty_tally(counter: BlockCounter) -> Tally:
    """An empty tally."""
    space = counter.space
    shape = (space.n_classes, len(counter.bins) + 1)
    on_disk = space.is_on_disk
    rows = ItemTally.empty(len(space.rows), counter.n_item_bins, on_disk=on_disk)
    columns = rows if space.is_one_set else ItemTally.empty(len(space.columns), 0)
    make = zeros_on_disk if on_disk else zeros
    positive, negative = (
        make(shape, cell_type(pairs)) for pairs in (space.positive_pairs, space.negative_pairs)
    )
    return Tally(positive, negative, rows, columns)


def cell_type(pairs: IntArray) -> type[np.unsignedinteger[Any]]:
    """Integer type that can hold all pairs of any one class in a bin."""
    kinds: tuple[type[np.unsignedinteger[Any]], ...] = (np.uint8, np.uint16, np.uint32)
    return next((kind for kind in kinds if pairs.max() <= np.iinfo(kind).max), np.uint64)


def block_side(space: PairSpace) -> int:
    """Number of items per side of a block: few enough blocks to add, enough to distribute."""
    largest = max(len(space.rows), len(space.columns))
    share = math.ceil(largest / math.sqrt((2 if space.is_one_set else 1) * _BLOCKS))
    side = min(max(share, _SMALLEST_SIDE), _LARGEST_SIDE)
    narrow = (2**16 - 1) // int(np.bincount(space.rows.codes).max())
    return narrow if _NARROW_FROM <= narrow < side else side


def _item_bins(bins: Bins, items_at: IntArray | None) -> AnyArray:
    positions: Sequence[int] | IntArray = [] if items_at is None else items_at
    return np.searchsorted(positions, np.arange(len(bins) + 1)).astype(np.int32)


def _inside(part: slice, whole: slice) -> slice:
    return slice(part.start - whole.start, part.stop - whole.start)


def _read_only(array: Array) -> Array:
    """A view that cannot be written to: the kernel is compiled for one kind of arrays only."""
    view = array.view()
    view.flags.writeable = False
    return view
