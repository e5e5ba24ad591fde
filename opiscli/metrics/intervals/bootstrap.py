"""Bootstrap confidence intervals, resampling whole classes as new data would."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from opiscli.arrays import AnyArray, FloatArray, IntArray, UInt8Array
from opiscli.metrics.intervals.quantiles import student_quantile
from opiscli.metrics.opis import mean_over_range, n_worst

_RESAMPLES_AT_ONCE = 128
_DRAWS_AT_ONCE = 1 << 25
_WIDE_AT_ONCE = 1 << 20
"""Draws that are converted to 64 bits together: few enough to stay in the cache."""

_WIDE_IN_BLOCK = 1 << 23

_MOST_KEPT = 1 << 28
"""Bytes of draws that are kept for the next metric; more are drawn anew."""

_SPREADS = 5
"""Standard deviations within which the worst classes of a resample end; checked."""


@dataclass(frozen=True)
class ClassBootstrap:
    """A seeded plan of resamples: how often each class is drawn in each resample.

    The same plan serves all metrics, so their resamples belong together.
    """

    n_classes: int
    n_resamples: int
    seed: int

    def draws(self) -> Iterator[FloatArray]:
        """Blocks of shape ``(some resamples, n_classes)``; rows sum to ``n_classes``."""
        at_once = max(1, _WIDE_IN_BLOCK // self.n_classes)
        for drawn in self._times():
            for start in range(0, len(drawn), at_once):
                yield drawn[start : start + at_once].astype(np.float64)

    def _times(self) -> Iterable[UInt8Array]:
        if self.n_classes * self.n_resamples > _MOST_KEPT:
            return self._drawn()
        return self._kept

    @cached_property
    def _kept(self) -> tuple[UInt8Array, ...]:
        return tuple(self._drawn())

    def _drawn(self) -> Iterator[UInt8Array]:
        rng = np.random.default_rng(self.seed)
        n = self.n_classes
        at_once = min(_RESAMPLES_AT_ONCE, max(1, _DRAWS_AT_ONCE // n))
        for start in range(0, self.n_resamples, at_once):
            n_rows = min(at_once, self.n_resamples - start)
            # A class is never drawn 256 times: of 256 classes or more, by chance.
            drawn = np.empty((n_rows, n), dtype=np.uint8)
            for row in drawn:
                row[:] = np.bincount(rng.integers(0, n, n), minlength=n)
            yield drawn

    def opis(self, utility: FloatArray, thresholds: FloatArray) -> FloatArray:
        """OPIS in every resample, shape ``(n_resamples,)``."""
        both = np.concatenate([utility, utility**2], axis=1)
        mean, squares = np.split(self._weighted(both) / self.n_classes, 2, axis=1)
        return mean_over_range(squares - mean**2, thresholds)

    def epsilon_opis(
        self, utility: FloatArray, thresholds: FloatArray, epsilon: float
    ) -> FloatArray:
        """ε-OPIS in every resample, shape ``(n_resamples,)``; needs a class beyond the worst."""
        worst = n_worst(epsilon, self.n_classes)
        sums = _SumsOfLowest.of(utility, worst)
        of_worst = np.concatenate([sums.resampled(drawn) for drawn in self._times()])
        of_rest = self._weighted(utility) - of_worst
        gap = of_rest / (self.n_classes - worst) - of_worst / worst
        return mean_over_range(gap**2, thresholds)

    def _weighted(self, values: FloatArray) -> FloatArray:
        """Weighted sums in every resample; the weight is how often a class is drawn."""
        return np.concatenate([_weighted(drawn, values) for drawn in self._times()])

    def share(self, hits: FloatArray, trials: AnyArray) -> FloatArray:
        """Sum of hits over sum of trials in every resample, from sums per class."""
        sums = self._weighted(np.stack([hits, trials.astype(np.float64)], axis=1))
        return np.asarray(sums[:, 0] / sums[:, 1])


def _weighted(drawn: UInt8Array, values: FloatArray) -> FloatArray:
    """Product of draws ``(n_resamples, n_classes)`` and values, some classes at a time."""
    at_once = max(1, _WIDE_AT_ONCE // len(drawn))
    parts = [slice(start, start + at_once) for start in range(0, len(values), at_once)]
    return np.asarray(sum(drawn[:, part].astype(np.float64) @ values[part] for part in parts))


def thinned(n_thresholds: int, most: int = 26) -> IntArray:
    """Positions of a subset of thresholds, both ends included.

    Enough for resamples, of which only the spread is used.
    """
    return np.unique(np.linspace(0, n_thresholds - 1, most).round().astype(np.int64))


def percentile_interval(resampled: FloatArray, confidence: float = 0.95) -> tuple[float, float]:
    """Central percentiles of a resampled statistic."""
    tail = (1 - confidence) / 2
    lo, hi = np.quantile(resampled, [tail, 1 - tail])
    return float(lo), float(hi)


def log_interval(
    value: float,
    resampled: FloatArray,
    n_classes: int,
    *,
    largest: float,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Interval of a squared spread: Student's t times the resamples' spread, on the log scale.

    Percentiles of a resampled variance cover far too little when classes are few, because
    every resample repeats classes: about 60 % instead of 95 % for 10 classes, where
    this interval covers 86 % (``benchmarks/interval_coverage.py``).

    Parameters
    ----------
    value
        The statistic itself, at least 0.
    resampled
        Shape ``(n_resamples,)``.
    largest
        The largest value the statistic can have.
    """
    # A resample that drew a single class has no spread to speak of.
    informative = resampled[resampled > 1e-6 * value]
    if value <= 0 or n_classes < 2 or len(informative) < 2:
        return 0.0, largest
    quantile = float(student_quantile(n_classes - 1, (1 + confidence) / 2))
    factor = np.exp(min(quantile * float(np.std(np.log(informative))), 700.0))
    return float(value / factor), float(min(largest, value * factor))


@dataclass(frozen=True, slots=True)
class _SumsOfLowest:
    """Sums of the lowest few values of resamples, at every threshold.

    Which classes these are differs between resamples only near the last of them: those before
    are summed by one product, and one by one only those from ``first`` to ``end``.

    Parameters
    ----------
    values
        Shape ``(n_classes, n_thresholds)``.
    worst
        How many are the lowest few.
    spreads
        Standard deviations of where they end that ``first`` and ``end`` are apart from it.
    order
        Shape of ``values``, classes by value.
    surely
        Shape ``(n_classes, 2 * n_thresholds)``, which classes stand before ``first``, and their
        values.
    """

    values: FloatArray
    worst: int
    spreads: float
    order: IntArray
    surely: FloatArray
    first: int
    end: int

    @classmethod
    def of(cls, values: FloatArray, worst: int, spreads: float = _SPREADS) -> "_SumsOfLowest":
        """Sort the values."""
        order = np.argsort(values, axis=0, kind="stable").astype(np.int64)
        around = int(spreads * np.sqrt(worst)) + 8
        first, end = max(0, worst - around), min(len(values), worst + around)
        is_sure = np.zeros(values.shape)
        np.put_along_axis(is_sure, order[:first], 1.0, axis=0)
        surely = np.concatenate([is_sure, is_sure * values], axis=1)
        return cls(values, worst, spreads, order, surely, first, end)

    def resampled(self, drawn: UInt8Array) -> FloatArray:
        """Shape ``(n_resamples, n_thresholds)``; a value counts as often as it is drawn."""
        n_sure, sums = np.split(_weighted(drawn, self.surely), 2, axis=1)
        missing = self.worst - n_sure
        by_class = np.ascontiguousarray(drawn.T)
        for j in range(sums.shape[1]):
            near = self.order[self.first : self.end, j]
            times = by_class[near].astype(np.float64)
            up_to = np.cumsum(times, axis=0)
            if np.any(missing[:, j] < 0) or np.any(up_to[-1] < missing[:, j]):
                return self.of(self.values, self.worst, 2 * self.spreads).resampled(drawn)
            taken = np.clip(missing[:, j] - (up_to - times), 0, times)
            sums[:, j] += self.values[near, j] @ taken
        return np.asarray(sums)
