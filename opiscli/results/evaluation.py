"""How well a single threshold works for all classes."""

from dataclasses import dataclass, field
from typing import ClassVar

from opiscli.results.ann_index import Deployed
from opiscli.results.data import Data, Pairs, ReportWarning
from opiscli.results.operating_point import OperatingPoint
from opiscli.results.quantities import Bounds, Estimate, Interval, Rate
from opiscli.results.result import Result


@dataclass(frozen=True, slots=True)
class UtilityKind:
    """Which class score (utility) was integrated."""

    kind: str
    beta: float

    @property
    def formula(self) -> str:
        """The class score in short: ``F1(1 − FAR, TAR)``."""
        rates = "precision, recall" if self.kind == "precision-recall" else "1 − FAR, TAR"
        return f"F{self.beta:g}({rates})"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRange:
    """The range of thresholds that utility is integrated over.

    ``by`` is the quantity the bounds were given in. ``far`` is the requested pair of rates if
    that was FAR, else the pair attained; ``attained_far`` and ``attained_frr`` belong to
    the two thresholds.
    """

    by: str
    far: Bounds
    attained_far: Bounds
    attained_frr: Bounds
    threshold: Bounds
    n_thresholds: int


@dataclass(frozen=True, slots=True)
class BelowMean:
    """Where OPIS comes from: classes whose score is below the mean over classes.

    ``n_classes`` counts those whose mean score over the calibration range is. ``share`` is the
    share of OPIS, in [0, 1], of classes while they are below the mean at a threshold;
    ``None`` where OPIS is 0.
    """

    n_classes: int
    share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opis:
    """OPIS, in [0, 0.25], and how much of it is sampling noise.

    ``noise``, ``corrected`` and ``corrected_from`` are taken over the classes with at least
    four items, and ``corrected`` is ``corrected_from`` minus ``noise``; they are ``None`` with
    fewer than two of those classes, for precision and recall, and against a separate gallery.
    ``n_classes`` counts the classes behind ``value``, ``n_uncorrectable`` those of them that
    have no noise floor. ``spread`` is the square root of ``value``: the standard deviation of
    class scores.
    """

    value: float
    ci: Interval
    noise: float | None
    corrected: float | None
    n_classes: int
    n_uncorrectable: int
    corrected_from: float | None
    spread: float
    below_mean: BelowMean


@dataclass(frozen=True, slots=True, kw_only=True)
class EpsilonOpis:
    """ε-OPIS, in [0, 1]; ``None`` when no class is left as the rest, or there are no classes.

    ``gap`` is the square root of ``value``: how much lower the worst classes score than the
    others. ``corrected`` is ε-OPIS without sampling noise, and ``corrected_from`` the ε-OPIS of
    the same classes, those with at least four items; ``None`` where that of OPIS is.
    """

    epsilon: float
    n_worst: int
    value: float | None
    ci: Interval | None
    gap: float | None
    corrected: float | None
    corrected_from: float | None


@dataclass(frozen=True, slots=True)
class Recall:
    """Recall at one rank, in [0, 1], over the items of classes with positive pairs."""

    value: float
    ci: Interval
    n_queries: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """How many of the R nearest others of an item share its label, R being how many there are.

    MAP@R and R-precision as in Musgrave et al., ECCV 2020, arXiv:2003.08505.
    """

    map_at_r: Estimate
    r_precision: Estimate


@dataclass(frozen=True, slots=True)
class WorstClass:
    """A class with a low score.

    ``mean_utility`` is its score averaged over the calibration range,
    ``opis_contribution`` its contribution to OPIS. ``n_tied`` counts the classes with this same
    mean score, it included; of those, the ones with the most positive pairs are listed first.
    """

    label: str
    n_items: int | None
    mean_utility: float
    opis_contribution: float
    n_tied: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatedGroup:
    """One group on its own: pairs are formed inside it, thresholds are those of the whole set.

    All is ``None`` or empty where the group has no positive or no negative pair.

    Parameters
    ----------
    pooled_utility
        Utility of the group taken as one class, averaged over the calibration range.
    operating_points
        Rates at the thresholds of the whole set.
    """

    group: str
    n_items: int
    n_classes: int
    opis: Opis | None = None
    eps_opis: EpsilonOpis | None = None
    recall: dict[str, Recall] | None = None
    mean_utility: float | None = None
    pooled_utility: float | None = None
    operating_points: tuple[OperatingPoint, ...] = ()
    measures: dict[str, Estimate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BetweenGroups:
    """OPIS with each group as a class: how much the groups differ at one threshold.

    ``opis`` is ``None`` with fewer than two groups that have pairs.
    """

    column: str
    n_groups: int
    opis: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualErrors:
    """The equal error rate: mean of FAR and FRR where they are closest, at an observed score."""

    value: float
    threshold: float
    similarity: float | None
    far: Rate
    frr: Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation(Result):
    """How well a single threshold works for all classes of an embedding.

    With a separate ``gallery``, ``data`` is the queries and all pairs are across the two.
    Classes have the items of both. ``measures`` holds the headline numbers that are measured
    from class scores, by name.

    Of a source of pairs, ``eer`` is the equal error rate, and there is no recall. Without classes,
    or where no calibration range can be formed, what is measured from class scores is ``None``.
    """

    schema: ClassVar[str] = "opis.evaluation/1"

    data: Data
    gallery: Data | None = None
    distance: str
    utility: UtilityKind
    pairs: Pairs
    calibration_range: CalibrationRange | None
    opis: Opis | None
    eps_opis: EpsilonOpis
    recall: dict[str, Recall]
    mean_utility: float | None
    operating_points: tuple[OperatingPoint, ...]
    worst_classes: tuple[WorstClass, ...]
    warnings: tuple[ReportWarning, ...]
    ranking: Ranking | None = None
    deployed: Deployed | None = None
    groups: tuple[EvaluatedGroup, ...] | None = None
    between_groups: BetweenGroups | None = None
    measures: dict[str, Estimate] = field(default_factory=dict)
    eer: EqualErrors | None = None
