"""The nearest negative and the farthest positive pairs of a set."""

from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from opiscli.arrays import BoolArray, FloatArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import results, threads
from opiscli.engine.memory import require_memory
from opiscli.engine.side import Side
from opiscli.engine.space import Block, PairSpace
from opiscli.engine.tiles import Tile, tiles
from opiscli.neighbours.certainty import CERTAIN
from opiscli.neighbours.offset_distances import offset_distances
from opiscli.progress import Progress
from opiscli.settings.resources import Resources

_SIDE = 4096

_RULER = 2.0**-20
"""Pairs are ordered by distance as far as this can tell: rounding to float32 moves it less."""


@dataclass(frozen=True, slots=True)
class FoundPairs:
    """Some pairs of a set.

    Parameters
    ----------
    first, second
        Shape ``(n_pairs,)``, positions of the two items of each.
    distance
        Same shape, Euclidean, in float64; with offsets, of the sign of 1 minus the score.
    """

    first: IntArray
    second: IntArray
    distance: FloatArray


_NO_PAIRS = FoundPairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


@dataclass(slots=True)
class _Best:
    """The best pairs so far; ``sign`` is 1 for the nearest pairs, -1 for the farthest.

    Pairs that are tied go by the ranks of their items, so that the order of tiles has no say.
    """

    sign: int
    most: int
    ranks: IntArray
    ruler: float
    bar: float = np.inf
    pairs: FoundPairs = field(default_factory=lambda: _NO_PAIRS)

    def among(self, tile: Tile, is_wanted: BoolArray, items: EmbeddingSet) -> FoundPairs:
        """The best pairs of a tile, of those that may pass the current bound."""
        # A bar that another thread has meanwhile raised lets in too much, never too little.
        bar = self.sign * 0.5 * self.bar * abs(self.bar) if self.bar < np.inf else np.inf
        worth = self.sign * (tile.row_sums[:, None] - tile.products)  # the lower, the better
        sums = [np.abs(side.sums) + np.abs(side.all_offsets) for side in (tile.rows, tile.columns)]
        flat = np.flatnonzero(
            is_wanted & (worth <= bar + CERTAIN * (sums[0].max() + sums[1].max()))
        )
        row, column = np.divmod(flat, worth.shape[1])
        worth, doubt = worth[row, column], CERTAIN * (sums[0][row] + sums[1][column])
        if len(flat) > 2 * self.most:
            bar = min(bar, np.partition(worth + doubt, self.most - 1)[self.most - 1])
        good = worth - doubt <= bar
        first, second = row[good] + tile.row_start, column[good] + tile.column_start
        distance = offset_distances(items, first, second)
        return self._cut(FoundPairs(first, second, distance))

    def add(self, found: FoundPairs) -> None:
        """Merge new pairs into the best ones so far."""
        both = zip(_fields(self.pairs), _fields(found), strict=True)
        self.pairs = self._cut(FoundPairs(*(np.concatenate(pair) for pair in both)))
        if len(self.pairs.first) == self.most:
            self.bar = float(self.pairs.distance[-1])

    def _cut(self, found: FoundPairs) -> FoundPairs:
        ends = np.sort(self.ranks[np.stack([found.first, found.second])], axis=0)
        rounded = np.round(found.distance / self.ruler)
        order = np.lexsort((ends[1], ends[0], self.sign * rounded))[: self.most]
        first, second = found.first[order], found.second[order]
        swapped = self.ranks[first] > self.ranks[second]
        return FoundPairs(
            np.where(swapped, second, first),
            np.where(swapped, first, second),
            found.distance[order],
        )


def extreme_pairs(
    items: EmbeddingSet,
    most: int,
    ranks: IntArray,
    resources: Resources,
    on_progress: Progress | None = None,
) -> tuple[FoundPairs, FoundPairs]:
    """Find the nearest negative and the farthest positive pairs of all.

    Candidates come from float32 similarities; whatever these cannot tell apart is compared
    in float64. Pairs that a ruler of 1e-6 cannot tell apart are tied, and go by ``ranks``.

    Parameters
    ----------
    most
        How many pairs of each kind, at least 1; fewer if there are fewer.
    ranks
        Shape ``(n_items,)``, different for each item.

    Raises
    ------
    UsageError
        If the memory limit is too small.
    """
    ruler = _RULER * _typical_length(items)
    near, far = _Best(1, most, ranks, ruler), _Best(-1, most, ranks, ruler)
    space = PairSpace.within(Side.of(items), items.n_classes)

    def search(block: Block) -> None:
        for tile in tiles(space, block):
            pairs = np.arange(len(tile.columns)) >= tile.first + np.arange(len(tile.rows))[:, None]
            same = tile.rows.codes[:, None] == tile.columns.codes
            found = near.among(tile, pairs & ~same, items)
            with lock:
                near.add(found)
            if (pairs & same).any():
                found = far.among(tile, pairs & same, items)
                with lock:
                    far.add(found)

    lock = Lock()
    require_memory(space, 1, None, resources)
    blocks, done = space.blocks(_SIDE), 0
    with threads(resources.threads) as workers:
        for block, _ in results(workers, search, blocks):
            done += block.n_pairs
            if on_progress is not None:
                on_progress("extremes", done, space.n_pairs)
    return near.pairs, far.pairs


def _typical_length(items: EmbeddingSet) -> float:
    """Typical length of the vectors: shorter vectors have more precise distances."""
    if items.half_squares is None:
        return 1.0
    return float(np.sqrt(2 * np.median(items.half_squares)))


def _fields(of: FoundPairs) -> tuple[IntArray, IntArray, FloatArray]:
    return of.first, of.second, of.distance
