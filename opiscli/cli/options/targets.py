"""Options that say what thresholds are to achieve."""

from dataclasses import asdict, dataclass
from typing import Annotated

from opiscli.cli.options.groups import option
from opiscli.cli.options.method import THRESHOLD_PANEL as _TARGET
from opiscli.cli.options.method import Prevalence
from opiscli.cli.options.parsing import parse_rate
from opiscli.settings.calibration import Average
from opiscli.settings.target import Target

_Far = Annotated[
    list[float] | None,
    option(
        "Choose the largest threshold with a false-accept rate of at most RATE. Repeatable.",
        _TARGET,
        metavar="RATE",
        parser=parse_rate,
    ),
]
_Criterion = Annotated[
    list[str] | None,
    option(
        "Other targets. frr=0.05 or tar=0.95: smallest threshold that meets it; precision=0.99:"
        " largest up to which precision meets it, with --prevalence; eer: where FAR and FRR are"
        " equal; max-utility: highest mean class score; fpir=0.01: largest threshold with this"
        " false-positive rate of searches. Repeatable.",
        _TARGET,
        metavar="NAME[=TARGET]",
    ),
]
_TargetValue = Annotated[
    float | None,
    option(
        "Target value of a --criterion that is given without one.",
        _TARGET,
        "--target",
        metavar="RATE",
        parser=parse_rate,
    ),
]
_Threshold = Annotated[
    list[float] | None,
    option(
        "Report the rates at this distance instead of choosing one. Repeatable.",
        _TARGET,
        metavar="DISTANCE",
    ),
]
_Similarity = Annotated[
    list[float] | None,
    option(
        "Report the rates at this similarity: accept similarities at or above it. Repeatable.",
        _TARGET,
        metavar="COSINE",
    ),
]
_Margin = Annotated[
    str | None,
    option(
        "In a search, accept the nearest item only if the nearest of any other class is farther by"
        " this difference of distances; auto chooses it for --criterion fpir=RATE.",
        _TARGET,
        metavar="DIFFERENCE|auto",
    ),
]
_Average = Annotated[
    Average,
    option(
        "How rates are averaged. pooled: over all pairs; macro: mean of per-class rates.",
        _TARGET,
        show_default=True,
    ),
]
_Confidence = Annotated[
    float | None,
    option(
        "Choose a stricter threshold so that new classes of the same kind meet the FAR target "
        "with this confidence, for example 0.95; with --class-share, of that share.",
        _TARGET,
        metavar="SHARE",
    ),
]
_ClassShare = Annotated[
    float | None,
    option(
        "Choose a stricter threshold so that this share of new classes, for example 0.95, meet the"
        " FAR, FRR or TAR target each by itself, with the confidence of --confidence (0.95).",
        _TARGET,
        metavar="SHARE",
        parser=parse_rate,
    ),
]
_Probability = Annotated[
    bool,
    option(
        "Also fit the probability that two items are of one class, by their distance and at"
        " --prevalence, and measure its error on held-out classes.",
        _TARGET,
        "--probability",
    ),
]
_AllowZero = Annotated[
    bool,
    option(
        "If the FAR target cannot be met, use the largest threshold with zero false accepts.",
        _TARGET,
        "--allow-zero",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Targets, each of which gives one threshold."""

    far: _Far = None
    criterion: _Criterion = None
    target: _TargetValue = None
    threshold: _Threshold = None
    similarity: _Similarity = None

    def parse(self) -> tuple[Target, ...]:
        """All targets that were asked for, in the order of the options."""
        return Target.given(**asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """When a threshold meets its target."""

    average: _Average = Average.POOLED
    confidence: _Confidence = None
    class_share: _ClassShare = None
    allow_zero: _AllowZero = False
    prevalence: Prevalence = None
    margin: _Margin = None
    probability: _Probability = False
