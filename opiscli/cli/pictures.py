"""What the commands that draw share: their options, reading sources, writing the picture."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opiscli.cli import options

if TYPE_CHECKING:
    from opiscli.cli.conversation import Conversation
    from opiscli.counted import Run
    from opiscli.drawing.canvas import Picture

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the sources of a picture are read: the options of every command that draws."""

    embedding_column: str | None
    label_column: str | None
    id_column: str | None
    where: list[str] | None
    labels: Path | None
    threads: int | None
    memory_limit: str | None
    quiet: bool
    verbose: bool

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions that rows must meet."""
        return tuple(self.where or ())

    def talk(self) -> "Conversation":
        """Whom warnings and progress go to."""
        from opiscli.cli.conversation import Conversation

        return Conversation(quiet=self.quiet, verbose=self.verbose)

    def read(
        self,
        sources: Sequence[str],
        given: dict[str, Any],
        *,
        complete: bool = True,
        thresholds: tuple[float, ...] = (),
    ) -> "list[Run]":
        """Count every source, or read what was counted of it."""
        from opiscli.intake import open_source, run_of
        from opiscli.sources import Selection

        talk = self.talk()
        selection = Selection(
            self.embedding_column, self.label_column, self.id_column, self.conditions, self.labels
        )
        resources = options.resources(self.threads, self.memory_limit)
        with talk.progress() as on_progress:
            return [
                run_of(
                    open_source(source, selection, talk.say),
                    source,
                    given,
                    resources,
                    where=self.conditions,
                    complete=complete,
                    thresholds=thresholds,
                    say=talk.say,
                    on_progress=on_progress,
                )
                for source in sources
            ]


def named_sources(sources: Sequence[str] | None) -> list[str]:
    """The sources, or stdin where none is named and something is piped in."""
    return list(sources) if sources else [options.source_or_stdin(None)]


def require_drawable(path: Path, style: str | None, *, force: bool) -> None:
    """Refuse a file or a style before any work is done."""
    from opiscli.drawing.canvas import read_style, require_picture_path

    require_picture_path(path, force=force)
    read_style(style)


def write_picture(
    draw: "Callable[[], Picture]", path: Path, style: str | None, *, force: bool
) -> None:
    """Draw in a style, write the file and print its path."""
    from opiscli.drawing.canvas import drawing_style, save

    with drawing_style(style):
        save(draw(), path, force=force)
    typer.echo(str(path))
