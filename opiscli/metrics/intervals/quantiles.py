"""Quantiles of Student's t and of the gamma distribution, and the logistic function.

To import them from SciPy takes longer than most evaluations need all of them: so a few values are
found here, and only many at once by SciPy.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np

from opiscli.arrays import AnyArray, FloatArray

_MANY = 256
_ALMOST_NORMAL = 1000.0
"""From so many degrees of freedom on, an expansion around the normal quantile is exact."""

_STEPS = 100
_CLOSE = 1e-15


def student_quantile(dof: AnyArray | float, p: float) -> FloatArray:
    """Quantile of Student's t distribution.

    Parameters
    ----------
    dof
        Degrees of freedom, any shape, at least 1; without any there is no quantile (NaN).
    p
        In [0.5, 1).

    References
    ----------
    Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.5.8, 26.7.5.
    """
    dof = np.asarray(dof, dtype=np.float64)
    if dof.size > _MANY:
        from scipy.special import stdtrit

        return np.asarray(stdtrit(dof, p))
    return _of_each(lambda nu: _student(nu, p), dof)


def gamma_quantile(shape: AnyArray | float, p: float) -> FloatArray:
    """Quantile of the gamma distribution with scale 1.

    Parameters
    ----------
    shape
        Any shape of array, values at least 1.
    p
        In [0.5, 1).

    References
    ----------
    Abramowitz and Stegun, "Handbook of Mathematical Functions", 6.5.29, 6.5.31, 26.4.17.
    """
    shape = np.asarray(shape, dtype=np.float64)
    if shape.size > _MANY:
        from scipy.special import gammaincinv

        return np.asarray(gammaincinv(shape, p))
    return _of_each(lambda a: _gamma(a, p), shape)


def logit(p: FloatArray) -> FloatArray:
    """Logarithm of the odds p / (1 - p), for p in (0, 1)."""
    return np.asarray(np.log(p / (1 - p)))


def expit(x: FloatArray) -> FloatArray:
    """Probability that has the logit x."""
    with np.errstate(over="ignore"):
        return np.asarray(1 / (1 + np.exp(-x)))


def _of_each(function: Callable[[float], float], values: FloatArray) -> FloatArray:
    return np.array([function(value) for value in values.ravel().tolist()]).reshape(values.shape)


def _student(nu: float, p: float) -> float:
    if not nu > 0:
        return math.nan
    z = NormalDist().inv_cdf(p)
    if z == 0:
        return 0.0
    if nu >= _ALMOST_NORMAL:
        return z + sum(
            z * float(np.polyval(powers, z * z)) / nu**k
            for k, powers in enumerate(
                (
                    (1 / 4, 1 / 4),
                    (5 / 96, 16 / 96, 3 / 96),
                    (3 / 384, 19 / 384, 17 / 384, -15 / 384),
                    (79 / 92160, 776 / 92160, 1482 / 92160, -1920 / 92160, -945 / 92160),
                ),
                start=1,
            )
        )
    a = nu / 2
    beta = math.lgamma(a) + math.lgamma(0.5) - math.lgamma(a + 0.5)

    def tail_and_density(log_t: float) -> tuple[float, float]:
        t = math.exp(log_t)
        x = nu / (nu + t * t)
        rest = t * t / (nu + t * t)
        front = math.exp(a * math.log(x) + 0.5 * math.log(rest) - beta)
        if x < (a + 1) / (a + 2.5):
            tail = front * _beta_fraction(a, 0.5, x) / a / 2
        else:
            tail = 0.5 - front * _beta_fraction(0.5, a, rest)
        return tail, front

    return math.exp(_where_tail_is(1 - p, tail_and_density, math.log(z)))


def _gamma(a: float, p: float) -> float:
    start = a * (1 - 1 / (9 * a) + NormalDist().inv_cdf(p) / (3 * math.sqrt(a))) ** 3

    def tail_and_density(x: float) -> tuple[float, float]:
        density = math.exp((a - 1) * math.log(x) - x - math.lgamma(a))
        if x < a + 1:
            return 1 - density * x * _gamma_series(a, x), density
        return density * x * _gamma_fraction(a, x), density

    return _where_tail_is(1 - p, tail_and_density, start)


def _where_tail_is(
    tail: float, tail_and_density: Callable[[float], tuple[float, float]], start: float
) -> float:
    """Newton's method on the logarithm of an upper tail, which is concave: it cannot go astray."""
    at = start
    for _ in range(_STEPS):
        here, density = tail_and_density(at)
        step = math.log(here / tail) * here / density
        at += step
        if abs(step) <= 4 * _CLOSE * max(abs(at), 1.0):
            break
    return at


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function by Lentz's method."""
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    value, m = d, 0
    while True:
        m += 1
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            c, d = 1 + factor / c, 1 / (1 + factor * d)
            value *= c * d
        if abs(c * d - 1) < _CLOSE:
            return value


def _gamma_series(a: float, x: float) -> float:
    term = total = 1 / a
    n = a
    while term > _CLOSE * total:
        n += 1
        term *= x / n
        total += term
    return total


def _gamma_fraction(a: float, x: float) -> float:
    """Continued fraction of the upper incomplete gamma function by Lentz's method."""
    b = x + 1 - a
    c, d = math.inf, 1 / b
    value, n = d, 0
    while True:
        n += 1
        factor = -n * (n - a)
        b += 2
        c, d = b + factor / c, 1 / (b + factor * d)
        value *= c * d
        if abs(c * d - 1) < _CLOSE:
            return value
