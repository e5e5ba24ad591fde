"""Shared by the plot commands: their options, and how a picture is written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from opiscli.cli.options import output as out
from opiscli.cli.options.groups import option

if TYPE_CHECKING:
    from opiscli.cli.options.running import Running
    from opiscli.plots.drawing.canvas import Picture as Drawing

PANEL = "Picture"

_Output = Annotated[
    Path,
    option(
        "File to write: .png, .svg or .pdf.",
        out.PANEL,
        "-o",
        "--output",
        metavar="FILE",
        show_default=True,
    ),
]
_Style = Annotated[
    str | None, option("Apply a matplotlib style (name or file) to the default look.", out.PANEL)
]
Highlight = Annotated[
    list[str] | None,
    option(
        "Highlight the class with this label, or the N worst classes with worst:N (plot-curves: "
        "by mean class score; plot-classes: by FRR and FAR in turns). Repeatable.",
        PANEL,
        metavar="LABEL",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The output file of a picture and its style."""

    output: _Output
    style: _Style = None
    force: out.Force = False

    def require_drawable(self) -> None:
        """Refuse a file or a style before any work is done."""
        from opiscli.plots.drawing.canvas import read_style, require_picture_path

        require_picture_path(self.output, force=self.force)
        read_style(self.style)

    def write(self, draw: "Callable[[], Drawing]", run: "Running") -> None:
        """Draw in the style, write the file and print its path."""
        from opiscli.plots.drawing.canvas import drawing_style, save
        from opiscli.report import show_text

        with run.console.relayed(), drawing_style(self.style):
            save(draw(), self.output, force=self.force)
        show_text(f"{self.output}\n")
