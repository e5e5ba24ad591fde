"""What the commands that draw share: their options, and how a picture is written."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from opiscli.plots.drawing.canvas import Picture

Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE...",
        help="Embeddings of any kind that evaluate reads, or evaluations saved by it.",
        show_default=False,
    ),
]
Output = Annotated[
    Path,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help="A .png, .svg or .pdf file.",
        rich_help_panel="Output",
    ),
]
Style = Annotated[
    str | None,
    typer.Option(
        help="A matplotlib style, by name or file, on top of the usual look.",
        rich_help_panel="Output",
        show_default=False,
    ),
]
Highlight = Annotated[
    list[str] | None,
    typer.Option(
        metavar="LABEL",
        help="Name a class, or worst:N for those served worst. Repeat for more.",
        rich_help_panel="What is drawn",
        show_default=False,
    ),
]


def require_drawable(path: Path, style: str | None, *, force: bool) -> None:
    """Refuse a file or a style before any work is done."""
    from opiscli.plots.drawing.canvas import read_style, require_picture_path

    require_picture_path(path, force=force)
    read_style(style)


def write_picture(
    draw: "Callable[[], Picture]", path: Path, style: str | None, *, force: bool
) -> None:
    """Draw in a style, write the file and print its path."""
    from opiscli.plots.drawing.canvas import drawing_style, save

    with drawing_style(style):
        save(draw(), path, force=force)
    typer.echo(str(path))
