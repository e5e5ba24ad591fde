"""Thresholds that were chosen without same-class pairs, and what they accept."""

from dataclasses import dataclass
from typing import ClassVar

from opiscli.results.calibration import PLAIN_SCORE
from opiscli.results.data import ReportWarning
from opiscli.results.engine import EngineThreshold
from opiscli.results.operating_point import OperatingPoint
from opiscli.results.quantities import OneSidedBound, Rate
from opiscli.results.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemData:
    """Items that were read, labelled or not.

    ``n_classes`` is ``None`` without labels. The other fields are those of `Data`.
    """

    source: str
    where: tuple[str, ...]
    n_items: int
    dims: int
    n_classes: int | None
    n_duplicates: int
    duplicates_dropped: bool
    sha256: str

    @property
    def name(self) -> str:
        """The source with the rows that were selected from it."""
        return " ".join([self.source, *self.where])


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledPairs:
    """How many pairs were counted.

    Parameters
    ----------
    n
        All of them.
    n_positive, n_negative
        ``None`` where it is not known which pairs are positive.
    """

    mode: str = "exact"
    n: int
    n_positive: int | None
    n_negative: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledPoint(OperatingPoint):
    """A threshold and the pairs it accepts; nothing is known of same-class pairs.

    Parameters
    ----------
    name, criterion, target
        The target.
    average
        ``pooled``: rates count every pair once.
    confidence
        One-sided, at which the upper bound of FAR meets the target; ``None`` if the rate itself
        does.
    evaluated_on
        The set the rates were measured on.
    accepted
        Share of all pairs that the threshold accepts.
    far_is_upper_bound
        Whether ``far`` is the largest that FAR can be: all accepted pairs over the smallest
        possible number of negative pairs. Its interval then reaches from the smallest that FAR can
        be to the largest.
    far_bound
        The upper bound that met the target; ``None`` without ``confidence``.
    n_effective
        Effective number of items or classes behind the interval.
    engines
        The threshold in the units of vector engines, if that was asked for.
    """

    name: str
    criterion: str
    target: float | None
    average: str = "pooled"
    confidence: float | None
    evaluated_on: str
    accepted: Rate
    far_is_upper_bound: bool
    far_bound: OneSidedBound | None = None
    n_effective: float
    engines: tuple[EngineThreshold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledCalibration(Result):
    """Thresholds for false-accept rates, without same-class pairs.

    Parameters
    ----------
    data
        Where the thresholds were chosen.
    impostors
        Items of other classes that those were compared with; ``None`` if pairs were inside one set.
    max_positive_share
        Stated upper bound of the share of positive pairs; ``None`` with impostors.
    score
        What pairs are compared by.
    intervals_over
        What confidence intervals are for new ones of, ``items`` or ``classes``, on each side.
    """

    schema: ClassVar[str] = "opis.calibration/1"

    data: ItemData
    impostors: ItemData | None
    max_positive_share: float | None
    distance: str
    pairs: UnlabelledPairs
    intervals_over: tuple[str, ...]
    operating_points: tuple[UnlabelledPoint, ...]
    warnings: tuple[ReportWarning, ...]
    score: str = PLAIN_SCORE
