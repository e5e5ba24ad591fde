"""Confidence bounds of rates whose pairs share items and classes."""

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.metrics.intervals.binomial import IndependentPairs
from opiscli.metrics.intervals.quantiles import expit, gamma_quantile, logit, student_quantile
from opiscli.metrics.intervals.rate_spread import ClassesSeen, RateSpread, pooled_spread


def rate_interval(
    errors: IntArray,
    pairs: IntArray,
    k: int,
    n: int,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Confidence interval of ``k / n`` at one threshold for new classes of the same kind.

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
    """
    of_class = pairs > 0
    spread = pooled_spread(errors[of_class, None], pairs[of_class], int(pairs.sum()) // n)
    lo, hi = interval(spread, confidence)
    return float(lo[0]), float(hi[0])


def interval(
    spread: RateSpread | IndependentPairs, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Two-sided interval of a rate at each threshold, for new classes of the same kind.

    A binomial interval treats pairs as independent and is many times too narrow. This one
    rests on the variation between classes (`RateSpread`).

    Returns
    -------
    tuple of FloatArray
        Lower and upper bounds, both of shape ``(n_thresholds,)``, in [0, 1].
    """
    tail = (1 + confidence) / 2
    # At a rate of 0 the lower bound cannot fail, so the upper one may use all of the rest.
    upper = np.where(spread.rate > 0, upper_bound(spread, tail), upper_bound(spread, confidence))
    lower = np.where(spread.rate < 1, lower_bound(spread, tail), lower_bound(spread, confidence))
    return lower, upper


def upper_bound(spread: RateSpread | IndependentPairs, confidence: float) -> FloatArray:
    r"""One-sided upper bound of a rate at each threshold, for new classes of the same kind.

    With L the logit of the rate r, s its standard error, and t the quantile of Student's
    distribution with one degree of freedom more than there are effective classes, the logit
    of the bound is

    .. math:: L - \ln(1 - c\, t\, s) / c, \qquad c = \max(0, 1 - 2r)

    For small r that is a symmetric interval of 1/r. Errors come in lumps, a few pairs of
    large classes that look alike, and a sample that has none of them shows too low a rate
    and too low a spread at once.

    The bound is not above what the classes with an error allow if such classes always err: a
    gamma bound of the sum of their shares in the pairs. Without any error it is the rule of
    three on classes as large as the largest; a negative pair takes two of them, so that n
    classes are n / 2 trials.

    Parameters
    ----------
    confidence
        One-sided, in (0.5, 1).

    Returns
    -------
    FloatArray
        Shape ``(n_thresholds,)``, in [0, 1].

    References
    ----------
    Fay and Feuer, "Confidence intervals for directly standardized rates: a method based on
    the gamma distribution", Statistics in Medicine 16 (1997).
    Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983).
    """
    if isinstance(spread, IndependentPairs):
        return spread.upper_bound(confidence)
    few = _bound_of_few(spread.erring, confidence)
    some = (spread.rate > 0) & (spread.rate < 1)
    rate = np.where(some, spread.rate, 0.5)
    reach = student_quantile(spread.effective + 1, confidence) * spread.error
    bend = np.maximum(1 - 2 * rate, 1e-9)
    held = bend * reach < 1
    shift = -np.log1p(-np.where(held, bend * reach, 0.0)) / bend
    bound = np.where(held, expit(logit(rate) + shift), 1.0)
    return np.where(spread.rate > 0, np.where(some, np.minimum(few, bound), 1.0), few)


def lower_bound(spread: RateSpread | IndependentPairs, confidence: float) -> FloatArray:
    """One-sided lower bound: 1 minus the upper bound of the complementary share."""
    if isinstance(spread, IndependentPairs):
        return spread.lower_bound(confidence)
    mirrored = RateSpread(
        rate=1 - spread.rate,
        error=spread.error,
        effective=spread.effective,
        erring=spread.sparing,
        sparing=spread.erring,
    )
    return 1 - upper_bound(mirrored, confidence)


def _bound_of_few(seen: ClassesSeen, confidence: float) -> FloatArray:
    mean = seen.share + seen.largest
    variance = seen.squares + seen.largest**2
    return np.minimum(1.0, variance / mean * gamma_quantile(mean**2 / variance, confidence))


def rule_of_three(n_classes: int, confidence: float = 0.95) -> float:
    """Upper bound of a rate with zero observed errors; the classes are the trials.

    References
    ----------
    Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983).
    """
    return float(min(1.0, -np.log(1 - confidence) / n_classes))
