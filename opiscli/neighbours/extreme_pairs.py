"""The nearest negative and the farthest positive pairs of a set, item by item."""

from dataclasses import dataclass, field

import numpy as np

from opiscli.arrays import BoolArray, Float32Array, FloatArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress, sweep_tiles
from opiscli.neighbours.exact import CERTAIN, exact_distances
from opiscli.pairs.tiles import Tile, tile_side, tiles
from opiscli.settings.resources import Resources

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


@dataclass(frozen=True, slots=True)
class _Distances:
    """Cosine distances of a tile in float32, and what difference between them is certain."""

    tile: Tile
    cosine: Float32Array
    certain: float

    @classmethod
    def of(cls, items: EmbeddingSet, tile: Tile) -> "_Distances":
        product = items.vectors[tile.rows] @ items.vectors[tile.columns].T
        if (halves := items.half_squares) is None:
            return cls(tile, np.subtract(np.float32(1), product, out=product), CERTAIN)
        rows, columns = halves[tile.rows], halves[tile.columns]
        cosine = np.subtract(np.add.outer(rows, columns), product, out=product)
        return cls(tile, cosine, CERTAIN * float(rows.max() + columns.max()))


@dataclass(slots=True)
class _Best:
    """The best pairs so far; ``sign`` is 1 if near pairs are wanted, -1 if far ones.

    Pairs that are tied go by the ranks of their items, so that the order of tiles has no say.
    """

    sign: int
    most: int
    ranks: IntArray
    ruler: float
    bar: float = np.inf
    pairs: FoundPairs = field(default_factory=lambda: _NO_PAIRS)

    def among(self, of: _Distances, is_wanted: BoolArray, items: EmbeddingSet) -> FoundPairs:
        """The best pairs of a tile that may be better than the bar."""
        flat = np.flatnonzero(is_wanted)
        far = self.sign * of.cosine.ravel()[flat]
        # A bar that another thread has meanwhile raised lets in too much, never too little.
        good = far <= (self.sign * 0.5 * self.bar**2 if self.bar < np.inf else np.inf) + of.certain
        flat, far = flat[good], far[good]
        if len(flat) > 2 * self.most:
            flat = flat[far <= np.partition(far, self.most - 1)[self.most - 1] + of.certain]
        row, column = np.divmod(flat, of.cosine.shape[1])
        first, second = row + of.tile.rows.start, column + of.tile.columns.start
        distance = exact_distances(items.vectors, first, items.vectors, second)
        return self._cut(FoundPairs(first, second, distance))

    def add(self, found: FoundPairs) -> None:
        """Keep the best of these and those before."""
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

    def search(tile: Tile) -> tuple[FoundPairs, FoundPairs]:
        rows, columns = items.codes[tile.rows, None], items.codes[tile.columns]
        is_pair = np.ones((len(rows), len(columns)), dtype=bool)
        if tile.on_diagonal:
            is_pair = np.triu(is_pair, 1)
        same = rows == columns
        of = _Distances.of(items, tile)
        return near.among(of, is_pair & ~same, items), far.among(of, is_pair & same, items)

    side = tile_side(items.n_items, items.vectors.nbytes, 0, resources)
    for _, (negative, positive) in sweep_tiles(
        tiles(items.n_items, side),
        search,
        n_pairs=items.n_pairs,
        threads=resources.threads,
        stage="extremes",
        on_progress=on_progress,
    ):
        near.add(negative)
        far.add(positive)
    return near.pairs, far.pairs


def _typical_length(items: EmbeddingSet) -> float:
    """Of the vectors: distances are as precise as they are short."""
    if items.half_squares is None:
        return 1.0
    return float(np.sqrt(2 * np.median(items.half_squares)))


def _fields(of: FoundPairs) -> tuple[IntArray, IntArray, FloatArray]:
    return of.first, of.second, of.distance
