"""Several evaluations side by side."""

from dataclasses import dataclass
from typing import ClassVar

from opiscli.results.data import Data, ReportWarning
from opiscli.results.quantities import Interval
from opiscli.results.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """How a number differs from that of the first evaluation.

    Parameters
    ----------
    difference
        Signed.
    ratio
        Of the two values, for OPIS and ε-OPIS; else ``None``.
    ci
        Paired 95 % interval, of the ratio where there is one, else of the difference;
        ``None`` where the classes are not the same.
    is_better
        Whether it changed for the better; ``None`` if not at all, or if it is flattered.
    is_certain
        Whether the interval excludes "no change".
    is_flattered
        Whether a lower spread of class scores does not count, because R@1, a TAR or the mean
        class score fell significantly: bad scores are alike, too.
    """

    difference: float
    ratio: float | None
    ci: Interval | None
    is_better: bool | None
    is_certain: bool
    is_flattered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedValue:
    """One number of one evaluation; ``None`` where it is undefined there."""

    value: float | None
    ci: Interval | None
    change: Change | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedMetric:
    """One number of every evaluation, in their order."""

    name: str
    higher_is_better: bool
    values: tuple[ComparedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison(Result):
    """Several evaluations against the first.

    ``is_paired`` says whether all have the same classes, which intervals of changes need.
    ``verdict`` says in one sentence for each of the others how it differs from the first.
    """

    schema: ClassVar[str] = "opis.comparison/1"

    data: tuple[Data, ...]
    is_paired: bool
    epsilon: float
    metrics: tuple[ComparedMetric, ...]
    warnings: tuple[ReportWarning, ...]
    verdict: str = ""
