"""What a computation hands back: frozen, complete, and the same as its JSON."""

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple


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

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, in full precision."""
        return {"schema": self.schema, **asdict(self)}

    def to_json(self) -> str:
        """One line of strict JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)
