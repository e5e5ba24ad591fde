"""What is measured, and how: the settings of an evaluation."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from opiscli.cli.parsing import parse_calibration_range
from opiscli.settings.choice import given
from opiscli.settings.evaluation import Distance, Utility

PANEL = "What is measured"
THRESHOLD_PANEL = "Threshold selection"

Far = Annotated[
    str | None,
    typer.Option(
        metavar="LO:HI",
        help="Calibration range by pooled false-accept rate. Default: 1e-2:1e-1.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Frr = Annotated[
    str | None,
    typer.Option(
        metavar="LO:HI",
        help="Calibration range by pooled false-reject rate instead.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
DistanceRange = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="A:B",
        help="Calibration range as two distances instead.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
UtilityKind = Annotated[
    Utility | None,
    typer.Option(
        "--utility",
        help="Which pair of rates the per-class F-score combines. Default: tpr-tnr.",
        rich_help_panel=PANEL,
    ),
]
Beta = Annotated[
    float | None,
    typer.Option(
        help="Weight of TPR (or of recall) in it, as in F-beta. Default: 1.", rich_help_panel=PANEL
    ),
]
Epsilon = Annotated[
    float | None,
    typer.Option(help="Share of classes that are the worst. Default: 0.1.", rich_help_panel=PANEL),
]
Ranks = Annotated[
    str | None,
    typer.Option("--k", metavar="K,K,…", help="Ranks of R@k. Default: 1.", rich_help_panel=PANEL),
]
DistanceKind = Annotated[
    Distance | None,
    typer.Option(
        "--distance",
        help="Distance measure used for thresholds. Default: euclidean.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
GroupBy = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Also report each group in this column (e.g. tenant, country) at the global"
        " thresholds, and the disparity between groups.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
ThresholdFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.json",
        help="Take the threshold from a file that calibrate -o wrote.",
        rich_help_panel=THRESHOLD_PANEL,
        show_default=False,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The calibration range, and the settings of the groups that are based on it."""

    far: Far = None
    frr: Frr = None
    range_: DistanceRange = None

    def given(self, **more: Any) -> dict[str, Any]:  # noqa: ANN401
        """Fields of `EvaluationSettings` that were asked for, here or in ``more``."""
        of_range = {"far", "frr", "range_"}
        further = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in of_range}
        asked_range = parse_calibration_range(self.far, self.frr, self.range_)
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
