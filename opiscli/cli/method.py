"""The options that say what is measured, declared once."""

from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.settings import RangeRequest
from opiscli.settings import Utility as UtilityKind

METHOD = "What is measured"
Far = Annotated[
    str | None,
    typer.Option(
        metavar="LO:HI",
        help="Calibration range by pooled false-accept rate. Default: 1e-2:1e-1.",
        rich_help_panel=METHOD,
        show_default=False,
    ),
]
Frr = Annotated[
    str | None,
    typer.Option(
        metavar="LO:HI",
        help="Calibration range by pooled false-reject rate instead.",
        rich_help_panel=METHOD,
        show_default=False,
    ),
]
Range = Annotated[
    str | None,
    typer.Option(
        "--range",
        metavar="A:B",
        help="Calibration range as two distances instead.",
        rich_help_panel=METHOD,
        show_default=False,
    ),
]
Utility = Annotated[
    UtilityKind | None,
    typer.Option(
        help="The two rates of a class's utility. Default: tpr-tnr.", rich_help_panel=METHOD
    ),
]
Beta = Annotated[
    float | None,
    typer.Option(
        help="Weight of the second rate, as in F-beta. Default: 1.", rich_help_panel=METHOD
    ),
]
Epsilon = Annotated[
    float | None,
    typer.Option(help="Share of classes that are the worst. Default: 0.1.", rich_help_panel=METHOD),
]
Thresholds = Annotated[
    int | None,
    typer.Option(help="Grid points over the range. Default: 201.", rich_help_panel=METHOD),
]


def parse_calibration_range(
    far: str | None, frr: str | None, range_: str | None
) -> RangeRequest | None:
    """The calibration range that was asked for, if one was.

    Raises
    ------
    UsageError
        If more than one was, or one is no range.
    """
    return RangeRequest.given(
        far=options.parse_range("--far", far),
        frr=options.parse_range("--frr", frr),
        distance=options.parse_range("--range", range_),
    )
