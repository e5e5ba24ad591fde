"""Precision where positive pairs are as rare as in production."""

import numpy as np
import numpy.typing as npt

from opiscli.arrays import FloatArray


def precision(tar: npt.ArrayLike, far: npt.ArrayLike, prevalence: float) -> FloatArray:
    """Share of positive pairs among accepted pairs: π·TAR / (π·TAR + (1 − π)·FAR).

    In an evaluation positive pairs are as frequent as its classes are large, so a precision
    counted there says nothing about production. Rates do not depend on the prevalence, by Bayes'
    theorem they give the precision at any.

    Parameters
    ----------
    tar, far
        True-accept and false-accept rates, in [0, 1].
    prevalence
        π, the share of positive pairs among those that are compared, in (0, 1).

    Returns
    -------
    FloatArray
        In [0, 1]; NaN where no pair is accepted.
    """
    right = prevalence * np.asarray(tar, dtype=np.float64)
    wrong = (1 - prevalence) * np.asarray(far, dtype=np.float64)
    accepted = right + wrong
    found: FloatArray = np.full(accepted.shape, np.nan)
    return np.divide(right, accepted, out=found, where=accepted > 0)
