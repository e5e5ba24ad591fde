"""The probability that two items are of one class, fitted to counts of pairs by distance."""

from typing import NamedTuple

import numpy as np

from opiscli.arrays import BoolArray, FloatArray
from opiscli.counts.histogram import DistanceHistogram

LARGEST_CHANGE = 0.005
"""How far a probability may be moved at most when steps are joined."""

_PART_CHANGED, _SMALLEST_CHANGE = 0.1, 1e-6
"""Near 0 and 1 it is moved by a part of its distance to them at most, or by this."""


class ProbabilitySteps(NamedTuple):
    """A probability that falls with distance in steps.

    Parameters
    ----------
    distances
        Shape ``(n_steps,)``, upper ends of the steps, increasing.
    probabilities
        Same shape, in [0, 1], decreasing.
    largest_change
        How far a probability was moved at most when steps were joined.
    """

    distances: FloatArray
    probabilities: FloatArray
    largest_change: float = 0.0

    def at(self, distances: FloatArray) -> FloatArray:
        """Probability of pairs at these distances, of any shape: that of the last step beyond."""
        step = np.searchsorted(self.distances, distances)
        return np.asarray(self.probabilities[np.minimum(step, len(self.probabilities) - 1)])

    def last_with(self, probability: float) -> float | None:
        """The largest distance with at least this probability; ``None`` if there is none."""
        n_steps = int(np.count_nonzero(self.probabilities >= probability))
        return float(self.distances[n_steps - 1]) if n_steps else None


def fit_probability(pairs: DistanceHistogram, prevalence: float) -> ProbabilitySteps:
    """Fit the probability that a pair is positive, given its distance, by isotonic regression.

    Of all functions that do not increase with distance it is the one with the smallest squared
    error (Zadrozny and Elkan, KDD 2002), pairs being weighted so that the positive ones together
    have the prevalence. Its weighted mean is therefore the prevalence.

    Steps that hardly differ are then joined, with their mean as probability, so that it moves by
    ``LARGEST_CHANGE`` at most, and by a tenth of its distance to 0 or 1.

    Parameters
    ----------
    prevalence
        Share of positive pairs among those that are compared, in (0, 1).
    """
    # Only here: counts that are looked up need no SciPy.
    from scipy.optimize import isotonic_regression

    seen = np.flatnonzero((pairs.positive > 0) | (pairs.negative > 0))
    right = prevalence * pairs.positive[seen] / pairs.positive.sum()
    weight = right + (1 - prevalence) * pairs.negative[seen] / pairs.negative.sum()
    fitted = isotonic_regression(right / weight, weights=weight, increasing=False)
    starts = fitted.blocks[:-1]
    right, weight = np.add.reduceat(right, starts), np.add.reduceat(weight, starts)
    ends = pairs.ticks[seen][fitted.blocks[1:] - 1]
    return _joined(ends, right, weight)


def _joined(ends: FloatArray, right: FloatArray, weight: FloatArray) -> ProbabilitySteps:
    """Join neighbouring steps whose probability is hardly changed by that."""
    probability = np.minimum(right / weight, 1.0)
    first = 0
    is_last: BoolArray = np.ones(len(ends), dtype=bool)
    means = np.empty(len(ends))
    for end in range(len(ends)):
        mean, moved = _mean(right, weight, probability, slice(first, end + 1))
        if moved > _allowed(probability[first], probability[end]):
            first = end
            mean, moved = probability[end], 0.0
        elif end > first:
            is_last[end - 1] = False
        means[end] = mean
    counts = np.diff(np.flatnonzero(is_last), prepend=-1)
    change = float(np.abs(np.repeat(means[is_last], counts) - probability).max())
    return ProbabilitySteps(ends[is_last], means[is_last], change)


def _mean(
    right: FloatArray, weight: FloatArray, probability: FloatArray, steps: slice
) -> tuple[float, float]:
    """Weighted mean of some steps, and how far it is from the first and the last of them."""
    mean = min(float(right[steps].sum() / weight[steps].sum()), 1.0)
    return mean, max(probability[steps.start] - mean, mean - probability[steps.stop - 1])


def _allowed(highest: float, lowest: float) -> float:
    """How far the probabilities between two may be moved."""
    to_end = min(highest, 1 - highest, lowest, 1 - lowest)
    return float(np.clip(_PART_CHANGED * to_end, _SMALLEST_CHANGE, LARGEST_CHANGE))
