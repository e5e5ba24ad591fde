"""The nearest negative and the farthest positive pairs of a set, item by item."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from opiscli.arrays import AnyArray, FloatArray, IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.engine.executors import Progress, sweep
from opiscli.neighbours.match_ranks import CERTAIN, normalised
from opiscli.pairs.tiles import NOT_A_PAIR, Block, tile_side
from opiscli.settings.resources import Resources

_PAIRS_AT_ONCE = 4096

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

    def among(self, of: Block, is_wanted: AnyArray, unit: AnyArray) -> FoundPairs:
        """The best pairs of a block that may be better than the bar."""
        # Near pairs are those of high similarity.
        worth = self.sign * of.similarity
        # A bar that another thread has meanwhile raised lets in too much, never too little.
        worst = self.sign * (1 - 0.5 * self.bar**2) if self.bar < np.inf else -np.inf
        flat = np.flatnonzero((worth >= worst - CERTAIN) & is_wanted)
        if len(flat) > 2 * self.most:
            few = worth.ravel()[flat]
            last = np.partition(few, len(few) - self.most)[len(few) - self.most]
            flat = flat[few >= last - CERTAIN]
        row, column = np.divmod(flat, of.similarity.shape[1])
        first, second = row + of.tile.rows.start, column + of.tile.columns.start
        return self._cut(FoundPairs(first, second, exact_distances(unit, first, second)))

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

    def kernel(of: Block) -> tuple[FoundPairs, FoundPairs | None]:
        same = of.row_codes[:, None] == of.column_codes
        negative = near.among(of, ~same & (of.similarity > NOT_A_PAIR), items.unit_rows)
        if not of.has_positives:
            return negative, None
        return negative, far.among(of, same & (of.similarity > NOT_A_PAIR), items.unit_rows)

    side = tile_side(items.n_items, items.unit_rows.nbytes, 0, resources)
    for _, (negative, positive) in sweep(
        items,
        kernel,
        side=side,
        threads=resources.threads,
        stage="extremes",
        on_progress=on_progress,
    ):
        near.add(negative)
        if positive is not None:
            far.add(positive)
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
