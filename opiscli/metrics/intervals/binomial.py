"""Confidence bounds of rates whose pairs are taken for independent."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class IndependentPairs:
    """A rate over pairs of which nothing is known that two of them could share.

    Where pairs share items all the same, these bounds are too narrow.

    Parameters
    ----------
    errors
        Shape ``(n_thresholds,)``, errors at each threshold.
    n_pairs
        Pairs in all, at least 1.
    """

    errors: IntArray
    n_pairs: int

    @property
    def rate(self) -> FloatArray:
        """Shape ``(n_thresholds,)``, in [0, 1]."""
        return np.asarray(self.errors / self.n_pairs)

    def upper_bound(self, confidence: float) -> FloatArray:
        """One-sided upper bound of the rate at each threshold, exact for independent pairs.

        References
        ----------
        Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of
        the binomial", Biometrika 26 (1934).
        """
        # Imported here: SciPy takes long to import, and only sources of pairs need it.
        from scipy.special import betaincinv

        right = np.maximum(self.n_pairs - self.errors, 1e-9)
        bound = betaincinv(self.errors + 1.0, right, confidence)
        return np.where(self.errors < self.n_pairs, bound, 1.0)

    def lower_bound(self, confidence: float) -> FloatArray:
        """One-sided lower bound: 1 minus the upper bound of the complementary share."""
        return 1 - IndependentPairs(self.n_pairs - self.errors, self.n_pairs).upper_bound(
            confidence
        )
