"""How a result is shown, and where it is written."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from opiscli.report.tables.formats import Format

if TYPE_CHECKING:
    from opiscli.results import Result

PANEL = "Output"

OutputFormat = Annotated[
    Format,
    typer.Option("--format", "-f", help="How to print the result.", rich_help_panel=PANEL),
]
Json = Annotated[
    bool, typer.Option("--json", help="Short for --format json.", rich_help_panel=PANEL)
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files.", rich_help_panel=PANEL)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a result is printed."""

    output_format: OutputFormat = Format.TABLE
    json: Json = False

    def show(self, result: "Result", *, on_stderr: bool = False) -> None:
        """Print it.

        Parameters
        ----------
        on_stderr
            Whether stdout is taken by something else.
        """
        from opiscli.report import show

        show(result, Format.JSON if self.json else self.output_format, on_stderr=on_stderr)
