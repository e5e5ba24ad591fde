"""How far probabilities that were stated of pairs are from how often they are of one class."""

from typing import NamedTuple

import numpy as np

from opiscli.arrays import FloatArray, IntArray


class WeightedPairs(NamedTuple):
    """Weights of positive and negative pairs, which add up to 1, and what was stated of them.

    Parameters
    ----------
    positive, negative
        Shape ``(n_bins,)``, weights.
    stated
        Same shape, probabilities, in [0, 1].
    """

    positive: FloatArray
    negative: FloatArray
    stated: FloatArray

    @classmethod
    def at_prevalence(
        cls, positive: IntArray, negative: IntArray, stated: FloatArray, prevalence: float
    ) -> "WeightedPairs":
        """Weigh pairs so that the positive ones together have the prevalence, in (0, 1)."""
        return cls(
            prevalence * positive / positive.sum(),
            (1 - prevalence) * negative / negative.sum(),
            stated,
        )


def expected_calibration_error(pairs: WeightedPairs) -> float:
    """Mean difference between stated probability and share of positive pairs, in [0, 1].

    Pairs of which the same probability was stated are taken together: Σ_p w_p |share_p − p| over
    the probabilities p. Naeini et al., AAAI 2015, and Guo et al., ICML 2017, arXiv:1706.04599, take
    neighbouring probabilities together in ten to fifteen bins, in which differences may cancel
    out: what they report of the same pairs is this or less.
    """
    levels, level = np.unique(pairs.stated, return_inverse=True)
    right = np.bincount(level, weights=pairs.positive, minlength=len(levels))
    wrong = np.bincount(level, weights=pairs.negative, minlength=len(levels))
    # w (share - p) = right - (right + wrong) p
    return float(np.abs(right - (right + wrong) * levels).sum())


def brier_score(pairs: WeightedPairs) -> float:
    """Mean squared difference between stated probability and 1 or 0 (Brier, 1950), in [0, 1]."""
    right = pairs.positive * (1 - pairs.stated) ** 2
    return float((right + pairs.negative * pairs.stated**2).sum())
