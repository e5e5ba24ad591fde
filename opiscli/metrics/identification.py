"""False-positive and false-negative identification rates at rank 1: FPIR and FNIR.

Of a search at threshold t, only the nearest candidate counts (rank 1):

- FPIR(t): share of the non-mated searches whose nearest candidate is accepted.
- FNIR(t): share of the mated searches whose nearest candidate is of another class or is not
  accepted. At the largest threshold it is 1 − R@1.

References
----------
ISO/IEC 19795-1:2021, "Biometric performance testing and reporting".
"""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counts.search_counts import TWICE, SearchCounts


def fpir(of: SearchCounts) -> FloatArray:
    """FPIR of all searches together at each threshold, not decreasing."""
    return np.asarray(of.false_positives / of.non_mated.sum())


def fnir(of: SearchCounts) -> FloatArray:
    """FNIR of all searches together at each threshold, not increasing."""
    return np.asarray(of.misses / (TWICE * of.mated.sum()))
