"""The thresholds between which given scores are counted: all distinct scores, if they are few.

Of more, those are kept at which a rate changes by about a ten-thousandth of itself, the nearest
negative and the farthest positive pairs one by one, and all scores around the thresholds of rates
that are known to be asked for. Counts at the kept scores are exact.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from opiscli.arrays import BoolArray, FloatArray, IntArray
from opiscli.embeddings.pair_scores import PairScores

MOST_TICKS = 1 << 18
PAIRS_AT_ONCE = 1 << 21
_SAMPLE = 1 << 21
"""Of more pairs, only so many are sorted to plan ticks."""


@dataclass(frozen=True, slots=True)
class AskedRates:
    """Rates whose thresholds are to be exact, each in (0, 1)."""

    fars: tuple[float, ...] = ()
    frrs: tuple[float, ...] = ()


def chunks_of(pairs: PairScores) -> Iterator[slice]:
    """Slices of pairs, so that of arrays in a file little is in memory at a time."""
    for start in range(0, pairs.n_pairs, PAIRS_AT_ONCE):
        yield slice(start, start + PAIRS_AT_ONCE)


def pooled_bins(pairs: PairScores, ticks: FloatArray) -> tuple[IntArray, IntArray]:
    """Positive and negative pairs in the bins that end at increasing ticks."""
    totals = np.zeros((2, len(ticks) + 1), dtype=np.int64)
    for chunk in chunks_of(pairs):
        same = pairs.is_positive[chunk]
        for total, wanted in zip(totals, (same, ~same), strict=True):
            scores = np.sort(pairs.distances[chunk][wanted])
            up_to = np.searchsorted(scores, ticks, side="right")
            total += np.diff(up_to, prepend=0, append=len(scores))
    return totals[0, :-1], totals[1, :-1]


def ticks_of(
    pairs: PairScores, rates: AskedRates, most: int = MOST_TICKS
) -> tuple[FloatArray, bool]:
    """Distinct scores to count at, increasing, the last of all among them; whether these are all.

    Parameters
    ----------
    rates
        Around whose thresholds, and around that of equal error rates, no score is left out.
    most
        About how many ticks to have where there are more distinct scores.
    """
    distinct = _distinct(pairs, most)
    if distinct is not None:
        return distinct, True
    some = slice(None, None, -(-pairs.n_pairs // _SAMPLE))  # evenly spread
    ticks = _thinned(pairs.distances[some], pairs.is_positive[some], most)
    largest = max(float(pairs.distances[chunk].max()) for chunk in chunks_of(pairs))
    ticks = np.union1d(ticks, [largest])
    positive, negative = pooled_bins(pairs, ticks)
    cells = _cells_of_rates(positive, negative, rates)
    tail = int(np.searchsorted(np.cumsum(negative), _one_by_one(most)))
    return np.union1d(ticks, _inside(pairs, ticks, cells, tail)), False


def _distinct(pairs: PairScores, most: int) -> FloatArray | None:
    """All distinct scores, increasing; ``None`` if they are more than ``most``."""
    found: FloatArray = np.zeros(0)
    for chunk in chunks_of(pairs):
        found = np.union1d(found, pairs.distances[chunk])
        if len(found) > most:
            return None
    return found


def _one_by_one(most: int) -> int:
    return most // 8


def _thinned(distances: FloatArray, same: BoolArray, most: int) -> FloatArray:
    """Distinct scores at which a count has changed enough to look at it."""
    negative, positive = np.sort(distances[~same]), np.sort(distances[same])
    values = np.concatenate([negative, positive])
    values.sort(kind="stable")  # two sorted parts are merged
    values = values[np.append(values[1:] != values[:-1], True)]
    accepted = np.searchsorted(negative, values, side="right")
    rejected = len(positive) - np.searchsorted(positive, values, side="right")
    changes = _changes(accepted, most) | _changes(rejected, most)
    return np.asarray(values[np.append(changes, True)])


def _changes(counted: IntArray, most: int) -> BoolArray:
    """Where a count leaves one of the cells that it is divided into, finer for small counts."""
    few = _one_by_one(most)
    size = np.log(max(int(counted.max()) / few, 2.0))
    cell = np.where(
        counted <= few,
        counted,
        few + np.floor(np.log(np.maximum(counted, few) / few) / size * most / 4),
    )
    return np.asarray(cell[1:] != cell[:-1])


def _cells_of_rates(positive: IntArray, negative: IntArray, rates: AskedRates) -> list[int]:
    """Bins in which thresholds of rates lie: in each the rate passes its target."""
    far = np.cumsum(negative) / negative.sum()
    frr = 1 - np.cumsum(positive) / positive.sum()
    found = [int(np.argmax(far > target)) for target in rates.fars]
    found += [int(np.argmax(frr <= target)) for target in rates.frrs]
    return [*found, int(np.argmax(far >= frr))]


def _inside(pairs: PairScores, ticks: FloatArray, cells: Sequence[int], tail: int) -> FloatArray:
    """All distinct scores in some bins, and those of negative pairs up to one of the ticks."""
    first = np.append(-np.inf, ticks)
    spans = [(first[cell], ticks[cell]) for cell in sorted(set(cells))]
    found: list[FloatArray] = []
    for chunk in chunks_of(pairs):
        scores = pairs.distances[chunk]
        near = (scores <= ticks[min(tail, len(ticks) - 1)]) & ~pairs.is_positive[chunk]
        for after, up_to in spans:
            near |= (scores > after) & (scores <= up_to)
        found.append(np.unique(scores[near]))
    return np.unique(np.concatenate(found))
