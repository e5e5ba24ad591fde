"""A threshold that was translated from one model to another."""

from dataclasses import dataclass
from typing import ClassVar

from opiscli.results.calibration import PLAIN_SCORE
from opiscli.results.data import ReportWarning
from opiscli.results.quantities import Interval, Rate
from opiscli.results.result import Result
from opiscli.results.unlabelled import ItemData


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPoint:
    """A threshold of one model and what it accepts of the common items.

    Parameters
    ----------
    threshold, similarity
        The threshold in both units.
    accepted
        Share of all pairs of common items.
    far, tar
        Over different-class and over same-class pairs of common items; ``None`` without labels.
    """

    threshold: float
    similarity: float | None
    accepted: Rate
    far: Rate | None = None
    tar: Rate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChange:
    """A rate of the new model minus that of the old one.

    ``ci`` is a 95 % confidence interval for new classes; ``None`` if there are too few classes.
    """

    value: float
    ci: Interval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation(Result):
    """The threshold of a new model that accepts the same share of pairs as the old one's.

    Parameters
    ----------
    old, new
        What was read of each model.
    n_common, n_only_old, n_only_new
        Items in both, and in one of them only, which are left out.
    labels_from
        The source whose labels say which pairs are positive; ``None`` without labels.
    n_classes
        Classes of the common items; ``None`` without labels.
    old_point, new_point
        The threshold of each model.
    threshold_ci, similarity_ci
        95 % confidence interval of the new threshold, for new items of the same kind.
    far_change, tar_change
        What changes with the new model; ``None`` without labels.
    """

    schema: ClassVar[str] = "opis.translation/1"

    old: ItemData
    new: ItemData
    n_common: int
    n_only_old: int
    n_only_new: int
    labels_from: str | None
    n_classes: int | None
    distance: str
    old_point: ModelPoint
    new_point: ModelPoint
    threshold_ci: Interval
    similarity_ci: Interval
    far_change: RateChange | None
    tar_change: RateChange | None
    warnings: tuple[ReportWarning, ...]
    score: str = PLAIN_SCORE

    @property
    def data(self) -> tuple[ItemData, ItemData]:
        """What was read of both models."""
        return self.old, self.new
