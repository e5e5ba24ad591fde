"""How a result is shown, and where it is written."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from opiscli.cli.options.groups import option
from opiscli.report.tables.formats import Format

if TYPE_CHECKING:
    from opiscli.results import Result

PANEL = "Output"

OutputFormat = Annotated[
    Format, option("Output format.", PANEL, "--format", "-f", show_default=True)
]
Json = Annotated[
    bool, option("Print one line of strict JSON (same as --format json).", PANEL, "--json")
]
Force = Annotated[bool, option("Overwrite existing files.", PANEL, "--force")]


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
