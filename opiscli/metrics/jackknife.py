"""Confidence interval of a pooled rate whose pairs share items and classes."""

import numpy as np
from scipy.special import stdtrit

from opiscli.arrays import IntArray


def rate_interval(
    errors: IntArray,
    pairs: IntArray,
    k: int,
    n: int,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Delete-one-class jackknife interval of ``k / n``, on the log scale.

    A binomial interval treats pairs as independent and is many times too narrow. Here
    the rate is taken again without each class in turn, with all the pairs it is part
    of, and the spread of those rates gives the interval, with Student's t for as many
    classes. With no errors at all the rule of three on classes bounds the rate.

    Parameters
    ----------
    errors, pairs
        Shape ``(n_classes,)``, errors and pairs that go when a class is deleted.
    k, n
        Errors and pairs in all.

    Returns
    -------
    tuple of float
        Lower and upper bound, in [0, 1].

    References
    ----------
    Efron and Stein, "The jackknife estimate of variance", Annals of Statistics 9 (1981).
    """
    if k == 0:
        return 0.0, rule_of_three(len(errors), confidence)
    if k == n:
        return 1 - rule_of_three(len(errors), confidence), 1.0
    left = n - pairs
    usable = left > 0
    if np.count_nonzero(usable) < 2:
        return 0.0, 1.0
    # Half an error keeps the logarithm finite where one class made all the errors.
    logs = np.log((k - errors[usable] + 0.5) / (left[usable] + 1))
    m = len(logs)
    spread = np.sqrt((m - 1) / m * np.sum((logs - logs.mean()) ** 2))
    reach = stdtrit(m - 1, (1 + confidence) / 2) * spread
    rate = k / n
    return float(rate * np.exp(-reach)), float(min(1.0, rate * np.exp(reach)))


def rule_of_three(n_classes: int, confidence: float = 0.95) -> float:
    """Upper bound of a rate of which not one error was seen, classes being the trials.

    References
    ----------
    Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983).
    """
    return float(min(1.0, -np.log(1 - confidence) / n_classes))
