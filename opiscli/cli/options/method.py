"""Options for the settings of an evaluation: what is measured, and how."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

from opiscli.cli.options.groups import option
from opiscli.cli.options.parsing import parse_calibration_range, parse_distance, parse_rate
from opiscli.distance import OF_EMBEDDINGS, Distance
from opiscli.settings.choice import given
from opiscli.settings.evaluation import Utility

PANEL = "Measurement"
THRESHOLD_PANEL = "Threshold selection"

Far = Annotated[
    str | None,
    option(
        "Calibration range by pooled false-accept rate. Default: 1e-2:1e-1.",
        PANEL,
        "--far-range",
        metavar="LO:HI",
    ),
]
Frr = Annotated[
    str | None,
    option(
        "Calibration range by pooled false-reject rate, instead of --far-range.",
        PANEL,
        "--frr-range",
        metavar="LO:HI",
    ),
]
DistanceRange = Annotated[
    str | None,
    option(
        "Calibration range as two distances, instead of --far-range.",
        PANEL,
        "--range",
        metavar="A:B",
    ),
]
SimilarityRange = Annotated[
    str | None,
    option(
        "Calibration range as two similarities instead, in either order.",
        PANEL,
        "--similarity-range",
        metavar="A:B",
    ),
]
UtilityKind = Annotated[
    Utility | None,
    option(
        "Which pair of rates the class score (F-measure) combines. Default: tpr-tnr.",
        PANEL,
        "--utility",
    ),
]
Beta = Annotated[
    float | None,
    option("Weight β of TPR (or recall) in the class score, as in F-beta. Default: 1.", PANEL),
]
Epsilon = Annotated[
    float | None,
    option("Share of classes that ε-OPIS counts as the worst by class score. Default: 0.1.", PANEL),
]
Ranks = Annotated[
    list[str] | None,
    option(
        "Ranks k at which R@k is reported. Repeatable. Default: 1.", PANEL, "--k", metavar="K,K,…"
    ),
]
DistanceKind = Annotated[
    Distance | None,
    option(
        "Distance measure used for thresholds of embeddings. Default: euclidean. One of:"
        f" {', '.join(OF_EMBEDDINGS)}.",
        PANEL,
        "--distance",
        metavar="CHOICE",
        parser=parse_distance,
    ),
]
GroupBy = Annotated[
    str | None,
    option(
        "Also report each group in this column (e.g. tenant, country) at the global "
        "thresholds, and the disparity between groups.",
        PANEL,
        metavar="COLUMN",
    ),
]
Prevalence = Annotated[
    float | None,
    option(
        "Share of same-class pairs among those that production compares; adds the precision there.",
        THRESHOLD_PANEL,
        metavar="SHARE",
        parser=parse_rate,
    ),
]
Threshold = Annotated[
    float | None,
    option("Use this distance as the threshold.", THRESHOLD_PANEL, metavar="DISTANCE"),
]
Similarity = Annotated[
    float | None,
    option(
        "Use this similarity as the threshold: accept similarities at or above it.",
        THRESHOLD_PANEL,
        metavar="COSINE",
    ),
]
ThresholdFile = Annotated[
    Path | None,
    option(
        "Use the threshold from a file written by calibrate -o.",
        THRESHOLD_PANEL,
        metavar="FILE.json",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenThreshold:
    """A threshold, in one of its two units."""

    threshold: Threshold = None
    similarity: Similarity = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The calibration range, and the settings of the groups that are based on it."""

    far: Far = None
    frr: Frr = None
    range_: DistanceRange = None
    similarity_range: SimilarityRange = None

    def given(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Fields of `EvaluationSettings` that were asked for, here or in ``more``."""
        of_range = [field.name for field in fields(Range)]
        further = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in of_range}
        asked_range = parse_calibration_range(*(getattr(self, name) for name in of_range))
        return given(calibration_range=asked_range, **further, **more)


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeAndUtility(Range):
    """The calibration range, and what is measured of a class over it."""

    utility: UtilityKind = None
    beta: Beta = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Method(RangeAndUtility):
    """All that decides OPIS and ε-OPIS."""

    epsilon: Epsilon = None
