"""The nearest negative and the farthest positive pairs of a set, item by item."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, FloatArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import results, threads
from opiscli.engine.memory import require_memory
from opiscli.engine.side import Side
from opiscli.engine.space import Block, PairSpace
from opiscli.engine.tiles import Tile, tiles
from opiscli.neighbours.match_ranks import CERTAIN, normalised
from opiscli.progress import Progress
from opiscli.settings.resources import Resources

_PAIRS_AT_ONCE = 4096
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
        Same shape, Euclidean, in float64.
    """

    first: IntArray
    second: IntArray
    distance: FloatArray


_NO_PAIRS = FoundPairs(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))


@dataclass(slots=True)
class _Best:
    """The best pairs so far; ``sign`` is 1 if near pairs are wanted, -1 if far ones.

    Pairs that are tied go by the ranks of their items, so that the order of tiles has no say.
    """

    sign: int
    most: int
    ranks: IntArray
    bar: float = np.inf
    pairs: FoundPairs = field(default_factory=lambda: _NO_PAIRS)

    def among(
        self, tile: Tile, is_wanted: BoolArray, scale: float, vectors: AnyArray
    ) -> FoundPairs:
        """The best pairs of a tile that may be better than the bar."""
        # Near pairs are those of small distance.
        worth = self.sign * (tile.products - tile.row_sums[:, None])
        doubt = CERTAIN * scale
        # A bar that another thread has meanwhile raised lets in too much, never too little.
        worst = -self.sign * 0.5 * self.bar**2 if self.bar < np.inf else -np.inf
        flat = np.flatnonzero((worth >= worst - doubt) & is_wanted)
        if len(flat) > 2 * self.most:
            few = worth.ravel()[flat]
            last = np.partition(few, len(few) - self.most)[len(few) - self.most]
            flat = flat[few >= last - doubt]
        row, column = np.divmod(flat, worth.shape[1])
        first, second = row + tile.row_start, column + tile.column_start
        return self._cut(FoundPairs(first, second, exact_distances(vectors, first, second)))

    def add(self, found: FoundPairs) -> None:
        """Keep the best of these and those before."""
        both = zip(_fields(self.pairs), _fields(found), strict=True)
        self.pairs = self._cut(FoundPairs(*(np.concatenate(pair) for pair in both)))
        if len(self.pairs.first) == self.most:
            self.bar = float(self.pairs.distance[-1])

    def _cut(self, found: FoundPairs) -> FoundPairs:
        ends = np.sort(self.ranks[np.stack([found.first, found.second])], axis=0)
        rounded = np.round(found.distance / _RULER)
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
    near, far = _Best(1, most, ranks), _Best(-1, most, ranks)
    space = PairSpace.within(Side.of(items), items.n_classes)

    def search(block: Block) -> None:
        for tile in tiles(space, block):
            pairs = np.arange(len(tile.columns)) >= tile.first + np.arange(len(tile.rows))[:, None]
            same = tile.rows.codes[:, None] == tile.columns.codes
            found = near.among(tile, pairs & ~same, space.scale, items.unit_rows)
            with lock:
                near.add(found)
            if (pairs & same).any():
                found = far.among(tile, pairs & same, space.scale, items.unit_rows)
                with lock:
                    far.add(found)

    lock = Lock()
    require_memory(space, 1, None, resources)
    blocks, done = space.blocks(_SIDE), 0
    with threads(resources.threads) as executor:
        for block, _ in results(executor, search, blocks, ahead=2 * resources.threads):
            done += block.n_pairs
            if on_progress is not None:
                on_progress("extremes", done, space.n_pairs)
    return near.pairs, far.pairs


def exact_distances(unit: AnyArray, first: IntArray, second: IntArray) -> FloatArray:
    """Euclidean distances of pairs in float64, from differences: duplicates get exactly 0."""
    distances: FloatArray = np.empty(len(first))
    for some in _chunks(len(first)):
        difference = normalised(unit[first[some]]) - normalised(unit[second[some]])
        distances[some] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return distances


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, start + _PAIRS_AT_ONCE) for start in range(0, n, _PAIRS_AT_ONCE))


def _fields(of: FoundPairs) -> tuple[IntArray, IntArray, FloatArray]:
    return of.first, of.second, of.distance
