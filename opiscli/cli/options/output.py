"""How a result is shown, and where it is written."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from opiscli.cli.options.groups import option
from opiscli.cli.options.parsing import parse_rows_output
from opiscli.report.tables.formats import Format

if TYPE_CHECKING:
    from opiscli.results import Result

PANEL = "Output"

OutputFormat = Annotated[
    Format,
    option(
        "Output format. In csv, an apostrophe precedes text that a spreadsheet would take for a"
        " formula; raw-csv leaves it out.",
        PANEL,
        "--format",
        "-f",
        show_default=True,
    ),
]
Json = Annotated[
    bool, option("Print one line of strict JSON (same as --format json).", PANEL, "--json")
]
RowsOutput = Annotated[
    Path,
    option(
        "Parquet file to write, or - for an Arrow stream on stdout, such as opis evaluate - reads.",
        PANEL,
        "-o",
        "--output",
        metavar="FILE",
        parser=parse_rows_output,
    ),
]
Force = Annotated[bool, option("Overwrite existing files.", PANEL, "--force")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a result is printed."""

    output_format: OutputFormat = Format.TABLE
    json: Json = False

    @property
    def chosen(self) -> Format:
        """The format that was asked for."""
        return Format.JSON if self.json else self.output_format

    @property
    def is_table(self) -> bool:
        """Whether the result is drawn for a person."""
        return self.chosen is Format.TABLE

    def show(self, result: "Result", *, on_stderr: bool = False, full: bool = False) -> None:
        """Print it.

        Parameters
        ----------
        on_stderr
            Whether stdout is taken by something else.
        full
            Whether an evaluation is shown with all its tables.
        """
        from opiscli.report import show

        show(result, self.chosen, on_stderr=on_stderr, full=full)


def show_written(path: Path, text: str | None = None) -> None:
    """Print which file of rows was written, or a text instead.

    If the rows are on stdout, nothing is printed there: the text is printed on stderr.
    """
    from opiscli.report import show_text
    from opiscli.sources.standard_output import is_standard_output

    if not is_standard_output(path):
        show_text(f"{text or path}\n")
    elif text is not None:
        sys.stderr.write(f"{text}\n")
