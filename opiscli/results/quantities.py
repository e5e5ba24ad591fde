"""Numbers with what belongs to them: counts, intervals, labels."""

from dataclasses import dataclass
from typing import NamedTuple


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    lo: float
    hi: float


class Bounds(NamedTuple):
    """The two ends of a range, the smaller first."""

    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over items, in [0, 1], with the interval of resampled classes."""

    value: float
    ci: Interval


@dataclass(frozen=True, slots=True)
class Rate:
    """A share ``k / n`` of pairs, in [0, 1]."""

    value: float
    k: int
    n: int
    ci: Interval

    def complement(self) -> "Rate":
        """Rate of the other pairs: of an FRR, the TAR."""
        k = self.n - self.k
        return Rate(k / self.n, k, self.n, Interval(1 - self.ci.hi, 1 - self.ci.lo))


@dataclass(frozen=True, slots=True)
class ClassRate:
    """A rate of one class; ``n_tied`` counts the classes with this same rate, it included."""

    label: str
    value: float
    n_tied: int = 1


@dataclass(frozen=True, slots=True)
class WorstShare:
    """Mean rate of the worst classes: the ``n_classes`` whose own rate is worst."""

    n_classes: int
    value: float


@dataclass(frozen=True, slots=True)
class OneSidedBound:
    """An upper bound of a rate, which is below it with this confidence."""

    value: float
    confidence: float


@dataclass(frozen=True, slots=True)
class ClassGuarantee:
    """States that at least a ``share`` of new classes meet a target, each by itself.

    Of ``n_classes`` that were seen, ``n_failing`` do not. The share of all classes that do not is
    at most ``upper_share``, at this one-sided confidence. Classes that are compared with each other
    are not independent; those seen tell as much as ``n_effective`` that are.
    """

    share: float
    confidence: float
    n_classes: int
    n_failing: int
    n_effective: float
    upper_share: float


@dataclass(frozen=True, slots=True)
class Precision:
    """Share of positive pairs among accepted pairs, where ``prevalence`` of all are positive.

    The interval combines those of FAR and TAR, so it is wider than one of 95 % need be.
    """

    prevalence: float
    value: float
    ci: Interval


@dataclass(frozen=True, slots=True)
class ClassRates:
    """Both rates of one class at a threshold; how many items it has, if that is known."""

    label: str
    n_items: int | None
    far: float
    frr: float

    @property
    def tar(self) -> float:
        """True-accept rate, 1 − FRR."""
        return 1 - self.frr
