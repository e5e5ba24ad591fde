"""Single linkage of a set: which items hang together at any threshold, from all of its pairs.

Items hang together at a threshold if a chain of accepted pairs links them. All thresholds have the
same minimum spanning tree: those of its pairs that a threshold accepts link the same items as all
pairs that it accepts (Gower and Ross 1969, Applied Statistics 18, 54-64). So no list of pairs is
kept: each block adds those that may belong to the tree, and now and then only the tree is left.
"""

from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from opiscli.arrays import AnyArray, Float32Array, FloatArray, IntArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import cutoffs, from_cosine_distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.count import block_side
from opiscli.engine.executors import results, threads
from opiscli.engine.listed_pairs import counted_distances
from opiscli.engine.memory import require_memory
from opiscli.engine.side import Side
from opiscli.engine.space import Block, PairSpace
from opiscli.engine.tiles import Tile, slack, tiles
from opiscli.neighbours.bottlenecks import Bottlenecks
from opiscli.neighbours.minimum_forest import minimum_forest
from opiscli.progress import Progress
from opiscli.settings.resources import Resources

_TIE = 2.0**-21
_SEEDS = 512
_ITEMS_AT_ONCE = 4096
_FEWEST_WAITING = 1 << 20
"""So many pairs wait, or four times as many as there are items, until the tree is found anew."""


@dataclass(frozen=True, slots=True, eq=False)
class Linkage:
    """The pairs of a minimum spanning tree of all items, by increasing distance.

    Parameters
    ----------
    n_items
        Number of items.
    first, second
        Shape ``(n_items - 1,)``, positions of the two items of each pair.
    cosine_distance
        Same shape, as the pairs are counted: in float32, offsets included.
    tie
        Cosine distances this close may differ by rounding alone.
    """

    n_items: int
    first: IntArray
    second: IntArray
    cosine_distance: Float32Array
    tie: float

    def accepted(self, threshold: float, distance: Distance) -> int:
        """How many of the pairs, the first ones, a threshold accepts."""
        cutoff = cutoffs(np.array([threshold]), distance)[0]
        return int(np.searchsorted(self.cosine_distance, cutoff, side="right"))

    def last_tied(self, step: int) -> int:
        """The last pair that rounding alone may have set apart from one."""
        end = float(self.cosine_distance[step]) + self.tie
        return int(np.searchsorted(self.cosine_distance, end, side="right")) - 1

    def thresholds(self, distance: Distance) -> FloatArray:
        """Shape ``(n_items - 1,)``, the smallest threshold that accepts each pair."""
        return from_cosine_distance(self.cosine_distance, distance)


def single_linkage(
    items: EmbeddingSet, resources: Resources, on_progress: Progress | None = None
) -> Linkage:
    """Find a minimum spanning tree of all pairs of a set.

    Products are computed in the tiles in which pairs are counted, so that a threshold accepts the
    same pairs here and there.

    Raises
    ------
    UsageError
        If the memory limit is too small.
    """
    space = PairSpace.within(Side.of(items), items.n_classes)
    require_memory(space, 1, None, resources)
    growing = _Growing(items.n_items)

    def look(block: Block) -> None:
        for tile in tiles(space, block):
            growing.add(*_listed(space, tile, growing.bounds))

    with threads(resources.threads) as workers:
        growing.add(*_seeds(space.rows, slack(space)))
        growing.settle()
        # Neighbours are often of one class, and the items of a class are next to one another.
        blocks = sorted(
            space.blocks(block_side(space)), key=lambda one: one.columns.start - one.rows.start
        )
        done = 0
        for block, _ in results(workers, look, blocks):
            done += block.n_pairs
            if on_progress is not None:
                on_progress("components", done, space.n_pairs)
    growing.settle()
    # Rounding may move a pair past the largest distance, which accepts all pairs.
    largest = np.float32(space.extent(Distance.COSINE)[1])
    first, second, distance = growing.tree
    return Linkage(
        items.n_items,
        first.astype(np.int64),
        second.astype(np.int64),
        np.minimum(distance, largest),
        _TIE * space.magnitude,
    )


_Pairs = tuple[AnyArray, AnyArray, Float32Array]
"""Positions of the first and of the second items, and cosine distances."""


@dataclass(slots=True)
class _Growing:
    """The tree of all pairs so far, and pairs that wait to be added."""

    n_items: int
    tree: _Pairs = field(init=False)
    bounds: Bottlenecks | None = None
    waiting: list[_Pairs] = field(default_factory=list)
    n_waiting: int = 0
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        none = np.zeros(0, dtype=np.int32)
        self.tree = none, none, np.zeros(0, dtype=np.float32)

    def add(self, first: AnyArray, second: AnyArray, distance: Float32Array) -> None:
        """Add pairs; may be called by several threads."""
        with self.lock:
            self.waiting.append((first, second, distance))
            self.n_waiting += len(first)
            if self.n_waiting >= max(_FEWEST_WAITING, 4 * self.n_items):
                self.settle()

    def settle(self) -> None:
        """Find the tree of all pairs so far; whoever calls this has the lock, or is alone."""
        parts = zip(self.tree, *self.waiting, strict=True)
        first, second, distance = (np.concatenate(part) for part in parts)
        self.waiting, self.n_waiting = [], 0
        edges = minimum_forest(self.n_items, first, second, distance).edges
        self.tree = first[edges], second[edges], distance[edges]
        self.bounds = Bottlenecks.of_tree(self.n_items, *self.tree)


def _seeds(side: Side, room: np.float32) -> _Pairs:
    """Pairs that link all items, not far from the tree: bounds for all that come later.

    They are those of some items with one another, and of each other item with the nearest of
    these. Their distances are so much too large that each will be replaced by the same pair, when
    its tile is computed.
    """
    n_items = len(side)
    some = np.unique(np.linspace(0, n_items - 1, min(n_items, _SEEDS)).astype(np.int64))
    seeds = side[some]
    first, second, distance = [], [], []
    for start in range(0, n_items, _ITEMS_AT_ONCE):
        rows = side[start : start + _ITEMS_AT_ONCE]
        far = rows.sums[:, None] + seeds.sums - rows.vectors @ seeds.vectors.T
        here = np.flatnonzero((some >= start) & (some < start + len(rows)))
        far[some[here] - start, here] = np.inf
        own = np.arange(len(rows))
        nearest = far.argmin(axis=1)
        one, other = np.nonzero(some[here][:, None] < some)
        first += [own + start, some[here][one]]
        second += [some[nearest], some[other]]
        distance += [far[own, nearest], far[some[here][one] - start, other]]
    least = 2 * room
    return (
        np.concatenate(first).astype(np.int32),
        np.concatenate(second).astype(np.int32),
        np.concatenate(distance) + least,
    )


def _listed(space: PairSpace, tile: Tile, bounds: Bottlenecks | None) -> _Pairs:
    """The pairs of a tile that may belong to the tree."""
    if bounds is None:
        raise AssertionError("the seeds come first")
    row_end, column_end = tile.row_start + len(tile.rows), tile.column_start + len(tile.columns)
    # How far it is from there to the core, and a little for rounding.
    of_rows = bounds.to_core[tile.row_start : row_end] + slack(space)
    of_columns = bounds.to_core[tile.column_start : column_end] + slack(space)
    near = tile.products >= (tile.row_sums - of_rows)[:, None]
    near |= tile.products + of_columns >= tile.row_sums[:, None]
    row, column = np.divmod(np.flatnonzero(near).astype(np.int32), np.int32(near.shape[1]))
    is_pair = column >= tile.first + row
    row, column = row[is_pair], column[is_pair]
    distance = counted_distances(space, tile, row, column)
    first, second = row + np.int32(tile.row_start), column + np.int32(tile.column_start)
    kept = bounds.may_shorten(first, second, distance)
    return first[kept], second[kept], distance[kept]
