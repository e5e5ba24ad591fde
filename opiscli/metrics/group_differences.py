"""Disparity of error rates between groups of people, sites or tenants at one threshold.

Sampling noise makes groups differ even if they are alike, and both measures are raised by it:
twenty groups that are alike and have some ten errors each show a Max/GeoMean of 1.7 and a
Gini of 0.18, with a hundred errors each 1.2 and 0.06. Few errors say little about fairness.
"""

import numpy as np

from opiscli.arrays import FloatArray, IntArray


def max_over_geometric_mean(errors: IntArray, trials: IntArray) -> float | None:
    r"""Highest rate of any group over the geometric mean of the rates of all groups.

    .. math:: \max_g r_g \,\Big/\, \Big(\prod_g r_g\Big)^{1/G}

    A group without any error would make it infinite, so such a group counts half an error.
    The rule of three would not do: it puts a group without an error above one of its size
    with two. Ten groups whose true ratio is 2.7 show, in the median, 3.4, 3.0 and 2.8 where
    the mean group has 3, 10 and 30 errors.

    Parameters
    ----------
    errors, trials
        Shape ``(n_groups,)``, at least one trial in each.

    Returns
    -------
    float or None
        At least 1; ``None`` if no group has an error, for then there is no rate to compare.

    References
    ----------
    Grother, "Face Recognition Vendor Test part 8: summarizing demographic differentials",
    NIST IR 8429 (2022); ISO/IEC 19795-10.
    """
    if not np.any(errors):
        return None
    logs = np.log(np.where(errors > 0, errors, 0.5) / trials)
    return float(np.exp(logs.max() - logs.mean()))


def gini(rates: FloatArray) -> float:
    r"""Gini coefficient of the groups' rates, corrected for the number of groups.

    .. math:: G = \frac{n}{n-1} \cdot \frac{\sum_{i,j} |x_i - x_j|}{2 n^2 \bar x}

    Parameters
    ----------
    rates
        Shape ``(n_groups,)``, of at least two groups. Zeros are values like others.

    Returns
    -------
    float
        From 0, all alike (all zero included), to 1, one group has all errors.

    References
    ----------
    Howard et al., "Evaluating proposed fairness models for face recognition algorithms",
    ICPR workshops 2022, arXiv:2203.05051; ISO/IEC 19795-10.
    """
    n, total = len(rates), float(rates.sum())
    if total == 0:
        return 0.0
    # The sum over all pairs, from the sorted values.
    ranks = 2 * np.arange(1, n + 1) - n - 1
    return max(0.0, float(ranks @ np.sort(rates)) / ((n - 1) * total))


def garbe(false_accept: FloatArray, false_reject: FloatArray, alpha: float = 0.5) -> float:
    r"""Gini aggregation rate for biometric equitability, 0 for equal groups to 1.

    .. math:: \alpha\, G(\mathrm{FAR}) + (1 - \alpha)\, G(\mathrm{FRR})

    Parameters
    ----------
    false_accept, false_reject
        Shape ``(n_groups,)``, rates of the groups at one threshold.
    alpha
        Weight of FAR, in [0, 1].

    References
    ----------
    Howard et al., "Evaluating proposed fairness models for face recognition algorithms",
    ICPR workshops 2022, arXiv:2203.05051.
    """
    return alpha * gini(false_accept) + (1 - alpha) * gini(false_reject)
