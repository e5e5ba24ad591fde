"""A threshold and its rates."""

from dataclasses import dataclass, fields
from typing import Any

from opiscli.results.engine import EngineThreshold
from opiscli.results.groups import GroupedRates
from opiscli.results.identification import HeldOutMargin, Identification
from opiscli.results.quantities import (
    ClassGuarantee,
    ClassRate,
    ClassRates,
    Interval,
    OneSidedBound,
    Precision,
    Rate,
    WorstShare,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """A threshold and the rates attained there; ``None`` where the target is not attainable.

    Parameters
    ----------
    target_far
        ``None`` where the threshold itself was given.
    threshold, similarity
        A distance and the similarity there. Of given scores both are the score, and there is no
        similarity if that is a distance.
    far, frr, tar_rate
        Over all pairs, with counts and intervals.
    tar
        The value of ``tar_rate``.
    macro_far
        Mean of the FAR of all classes with two items or more. Without classes, it and all that
        follows are ``None``.
    worst_far, worst_frr
        The class with the highest FAR and that with the highest FRR; of several, the one with
        the most pairs.
    worst_classes_far, worst_classes_tar
        Mean FAR of the share ε of classes with the highest FAR, and mean TAR of the share ε
        with the lowest TAR.
    precision
        At the prevalence that was stated; ``None`` without one, or if no pair is accepted.
    identification
        Error rates of searches for the nearest candidate; ``None`` if searches were not counted.
    """

    target_far: float | None
    threshold: float | None = None
    similarity: float | None = None
    far: Rate | None = None
    frr: Rate | None = None
    tar: float | None = None
    tar_rate: Rate | None = None
    macro_far: float | None = None
    worst_far: ClassRate | None = None
    worst_frr: ClassRate | None = None
    worst_classes_far: WorstShare | None = None
    worst_classes_tar: WorstShare | None = None
    precision: Precision | None = None
    identification: Identification | None = None

    @property
    def attained_far(self) -> float:
        """FAR at the threshold, 0 where there is none."""
        return 0.0 if self.far is None else self.far.value

    def fields(self) -> dict[str, Any]:
        """All fields by name, to build a `CalibratedPoint` from them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """How well a target is met on held-out classes, which the threshold was not chosen on.

    ``ratios`` holds the attained rate over the target for each split of the classes, or,
    where there is no target rate (``is_ratio`` is false), the attained FAR itself. ``lo``,
    ``median`` and ``hi`` are quantiles of them. ``margin`` is what a margin of searches does there.
    """

    share: float
    repeats: int
    is_ratio: bool
    n_attained: int
    median: float
    lo: float
    hi: float
    largest: float
    n_above: int
    ratios: tuple[float, ...]
    margin: HeldOutMargin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedPoint(OperatingPoint):
    """A threshold that was chosen for a target, and its rates on ``evaluated_on``.

    Parameters
    ----------
    name, criterion, target
        The target.
    average
        ``pooled`` if the target is a rate over all pairs, ``macro`` if a mean over classes.
    confidence
        One-sided, at which the upper bound of FAR meets the target; ``None`` if the rate
        itself does.
    far_bound
        The upper bound that met the target, of the set the threshold was chosen on and of the
        average the target is for; ``None`` without ``confidence``.
    class_guarantee
        What holds for most classes, of the set the threshold was chosen on; ``None`` unless it was
        asked for.
    evaluated_on
        The set the rates were measured on.
    far_limit, n_above_limit, share_above_limit
        Twice the target (or the attained FAR), and how many classes have a FAR above it.
    n_effective_classes
        Effective number of classes, or clusters, behind the interval of FAR; ``None`` if pairs are
        taken for independent.
    is_carried_by_few
        Whether a few large classes contribute most of the pairs.
    hardest_classes
        Those with the highest FAR: all that are above ``far_limit``, but 10 at most.
    calibrated_far, calibrated_frr, calibrated_identification
        Rates on the set the threshold was chosen on, if that is another one.
    holdout, groups
        Rates on held-out classes and inside groups, if that was asked for.
    probability
        That a pair exactly at the threshold is of one class, if that was asked for.
    engines
        The threshold in the units of vector engines, if that was asked for.
    """

    name: str
    criterion: str
    target: float | None
    average: str
    confidence: float | None
    evaluated_on: str
    macro_far_ci: Interval | None
    macro_frr: float | None
    far_limit: float
    n_above_limit: int
    share_above_limit: float | None
    n_effective_classes: float | None
    is_carried_by_few: bool
    hardest_classes: tuple[ClassRates, ...]
    calibrated_far: Rate | None = None
    calibrated_frr: Rate | None = None
    calibrated_identification: Identification | None = None
    far_bound: OneSidedBound | None = None
    class_guarantee: ClassGuarantee | None = None
    holdout: Holdout | None = None
    groups: GroupedRates | None = None
    probability: float | None = None
    engines: tuple[EngineThreshold, ...] = ()
