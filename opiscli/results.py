"""What a computation hands back: frozen, complete, and the same as its JSON."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, NamedTuple, Protocol


class Result(Protocol):
    """What every command hands back to be shown: numbers with the settings behind them."""

    @property
    def signature(self) -> str:
        """Every setting that moves a number."""

    def to_json(self) -> str:
        """One line of strict JSON."""


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    lo: float
    hi: float


class Bounds(NamedTuple):
    """The two ends of a range, the smaller first."""

    lo: float
    hi: float


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the reader must know before trusting a number."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What was evaluated, after selection and, if asked for, without duplicates.

    ``sha256`` is of labels and normalised embeddings, whatever the order of rows.
    ``n_duplicates`` counts the items that repeated an earlier embedding exactly;
    ``duplicates_dropped`` tells whether they are still among the items.
    """

    source: str
    where: tuple[str, ...]
    n_items: int
    dims: int
    n_classes: int
    n_singletons: int
    n_duplicates: int
    duplicates_dropped: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class UtilityKind:
    """Which utility was integrated."""

    kind: str
    beta: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """How many unordered pairs were counted, and how."""

    mode: str
    n_positive: int
    n_negative: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationRange:
    """The range of thresholds that utility is integrated over.

    ``by`` says what the bounds were given in. ``far`` is the requested pair of rates if
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
class Opis:
    """OPIS, in [0, 0.25], and how much of it is sampling noise.

    ``noise`` and ``corrected`` are taken over the classes with at least four items;
    they are ``None`` with fewer than two of those, and for precision and recall.
    ``n_classes`` counts the classes behind ``value``, ``n_uncorrectable`` those of them
    with two or three items.
    """

    value: float
    ci: Interval
    noise: float | None
    corrected: float | None
    n_classes: int
    n_uncorrectable: int


@dataclass(frozen=True, slots=True)
class EpsilonOpis:
    """ε-OPIS, in [0, 1]; ``None`` when no class is left as the rest."""

    epsilon: float
    n_worst: int
    value: float | None
    ci: Interval | None


@dataclass(frozen=True, slots=True)
class Recall:
    """Recall at one rank, in [0, 1], over the items of classes with at least two."""

    value: float
    ci: Interval
    n_queries: int


@dataclass(frozen=True, slots=True)
class Rate:
    """A share ``k / n`` of pairs, in [0, 1]."""

    value: float
    k: int
    n: int
    ci: Interval


@dataclass(frozen=True, slots=True)
class ClassRate:
    """A rate of one class."""

    label: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """A threshold and the rates attained there; ``None`` where the target is not attainable."""

    target_far: float
    threshold: float | None = None
    similarity: float | None = None
    far: Rate | None = None
    frr: Rate | None = None
    tar: float | None = None
    macro_far: float | None = None
    worst_far: ClassRate | None = None
    worst_frr: ClassRate | None = None

    @property
    def attained_far(self) -> float:
        """FAR at the threshold, 0 where there is none."""
        return 0.0 if self.far is None else self.far.value

    def fields(self) -> dict[str, Any]:
        """All of it by name, to make more of it."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class ClassRates:
    """Both rates of one class at a threshold."""

    label: str
    n_items: int
    far: float
    frr: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedPoint(OperatingPoint):
    """A threshold that was chosen for a target, and what it does on ``evaluated_on``.

    Parameters
    ----------
    name, criterion, target
        What was asked for.
    average
        ``pooled`` if the target is for all pairs, ``macro`` if for the mean of classes.
    confidence
        One-sided, at which the upper bound of FAR meets the target; ``None`` if the rate
        itself does.
    evaluated_on
        The set whose pairs the rates are of.
    far_limit, n_above_limit, share_above_limit
        Twice the target (or the attained FAR), and how many classes have a FAR above it.
    n_effective_classes
        How many classes of equal weight the interval of FAR rests on.
    hardest_classes
        Those with the highest FAR.
    calibrated_far, calibrated_frr
        Rates where the threshold was chosen, if that is another set.
    """

    name: str
    criterion: str
    target: float | None
    average: str
    confidence: float | None
    evaluated_on: str
    macro_far_ci: Interval | None
    macro_frr: float
    far_limit: float
    n_above_limit: int
    share_above_limit: float
    n_effective_classes: float
    hardest_classes: tuple[ClassRates, ...]
    calibrated_far: Rate | None = None
    calibrated_frr: Rate | None = None
    holdout: "Holdout | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdout:
    """What became of a target on classes that the threshold was not chosen on.

    ``ratios`` holds attained over target for each draw of classes, or the attained rate
    itself where there is no target; quantiles are of them.
    """

    share: float
    repeats: int
    n_attained: int
    median: float
    lo: float
    hi: float
    largest: float
    n_above: int
    ratios: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over items, in [0, 1], with the interval of resampled classes."""

    value: float
    ci: Interval


@dataclass(frozen=True, slots=True)
class Ranking:
    """How much of each item's class is among its R nearest others, R being all there are.

    MAP@R and R-precision as in Musgrave et al., ECCV 2020, arXiv:2003.08505.
    """

    map_at_r: Estimate
    r_precision: Estimate


@dataclass(frozen=True, slots=True)
class AsDeployed:
    """A number as it is exactly and through an index; ``None`` where it is not known."""

    exact: float | None
    deployed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedPoint:
    """Rates at the exact threshold of a FAR target, both in [0, 1]."""

    target_far: float
    threshold: float
    far: AsDeployed
    tar: AsDeployed


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What becomes of R@1, OPIS and the thresholds when an index does the search.

    Every item is a query, as it is, against the index's copies of all others; rates are
    over such ordered pairs. ``bytes_per_item`` is what one more item takes.
    """

    index: str
    bytes_per_item: float
    recall_at_1: AsDeployed
    opis: AsDeployed
    operating_points: tuple[DeployedPoint, ...]


@dataclass(frozen=True, slots=True)
class WorstClass:
    """A class that the range of thresholds serves badly.

    ``mean_utility`` is the class's utility averaged over the range, ``opis_contribution``
    its share in OPIS.
    """

    label: str
    n_items: int
    mean_utility: float
    opis_contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How well one threshold serves all classes of an embedding.

    Field names are JSON keys: renaming one needs a new schema number.
    """

    schema: ClassVar[str] = "opis.evaluation/1"

    opis_version: str
    signature: str
    data: Data
    distance: str
    utility: UtilityKind
    pairs: Pairs
    calibration_range: CalibrationRange
    opis: Opis
    eps_opis: EpsilonOpis
    recall: dict[str, Recall]
    mean_utility: float
    operating_points: tuple[OperatingPoint, ...]
    worst_classes: tuple[WorstClass, ...]
    warnings: tuple[Notice, ...]
    ranking: Ranking | None = None
    deployed: Deployed | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, in full precision."""
        return {"schema": self.schema, **asdict(self)}

    def to_json(self) -> str:
        """One line of strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Thresholds that meet targets, with the rates attained.

    ``data`` is what the thresholds were chosen on, ``evaluation_data`` what the rates are
    of, if that is another set.
    """

    schema: ClassVar[str] = "opis.calibration/1"

    opis_version: str
    signature: str
    data: Data
    evaluation_data: Data | None
    distance: str
    pairs: Pairs
    operating_points: tuple[CalibratedPoint, ...]
    warnings: tuple[Notice, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, in full precision."""
        return {"schema": self.schema, **asdict(self)}

    def to_json(self) -> str:
        """One line of strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCondition:
    """A condition, the number it is about, and whether it is met: a reason to fail."""

    condition: str
    name: str
    value: float
    limit: float
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """Whether a set of embeddings passes; it does if none of the conditions holds."""

    schema: ClassVar[str] = "opis.check/1"

    opis_version: str
    signature: str
    data: Data
    passed: bool
    conditions: tuple[CheckedCondition, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, in full precision."""
        return {"schema": self.schema, **asdict(self)}

    def to_json(self) -> str:
        """One line of strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)
