"""Effective number of classes: how many classes of equal weight give the same information."""

import numpy as np

from opiscli.arrays import AnyArray, FloatArray, IntArray

FEWEST_EFFECTIVE = 10
"""An interval whose spread rests on fewer classes is rough: say so."""

_CARRIED_BY_FEW = 1 / 3


def effective_classes(weights: AnyArray) -> FloatArray:
    r"""Effective number of classes, from the weight of each.

    .. math:: m_\text{eff} = \Big(\sum_i w_i\Big)^2 \Big/ \sum_i w_i^2

    Classes of equal weight count in full; if one class carries everything the number is 1.

    Parameters
    ----------
    weights
        Shape ``(n_classes, ...)``, at least 0: the pairs each class is part of, or its part
        in the variance of a rate. Not all zero.

    Returns
    -------
    FloatArray
        Shape ``(...)``, from 1 to ``n_classes``.

    References
    ----------
    Kish, "Survey Sampling", Wiley 1965, section 11.7.
    """
    share = weights / weights.sum(axis=0)
    return np.asarray(1 / (share**2).sum(axis=0))


def carried_by_few(pairs: IntArray) -> bool:
    """Whether the effective number of classes, by pairs, is below a third of their number.

    A rate pooled over pairs is then that of the large classes, and how often two large
    classes look alike is a matter of few draws: of three sets measured, an interval
    of the pooled FAR held too rarely on the one where this is strongest
    (``benchmarks/README.md``). The mean over classes does not suffer from it.

    Parameters
    ----------
    pairs
        Shape ``(n_classes,)``, pairs each class is part of.
    """
    return bool(effective_classes(pairs) < _CARRIED_BY_FEW * len(pairs))
