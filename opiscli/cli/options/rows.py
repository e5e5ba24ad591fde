"""What a command reads: sources, their columns and their rows."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opiscli.cli.parsing import source_or_stdin, sources_or_stdin

if TYPE_CHECKING:
    from opiscli.analysis.inputs import Source as AnySource

_PANEL = "Input"

Source = Annotated[
    str | None,
    typer.Argument(
        help="Parquet, Arrow, Feather, NPY or NPZ file, folder or 'glob' of Parquet files,"
        " a saved evaluation (.opis), or - for an Arrow stream or an evaluation on stdin, which"
        " is also the default in a pipe.",
        show_default=False,
    ),
]
Sources = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SOURCE...",
        help="Embeddings of any kind that evaluate reads, or evaluations saved by it.",
        show_default=False,
    ),
]
EmbeddingColumn = Annotated[
    str | None,
    typer.Option(
        help="Column of embeddings. Default: embedding, else the one list-of-float column.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
LabelColumn = Annotated[
    str | None,
    typer.Option(
        help="Column of labels. Default: label.", rich_help_panel=_PANEL, show_default=False
    ),
]
IdColumn = Annotated[
    str | None,
    typer.Option(
        help="Column of ids, to name a bad row by.", rich_help_panel=_PANEL, show_default=False
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Only rows with this value. Repeat to narrow further.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
LabelsFile = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        metavar="FILE.npy",
        help="Labels of an NPY source.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
DropDuplicates = Annotated[
    bool | None,
    typer.Option(
        "--drop-duplicates",
        help="Keep one of all items with exactly the same embedding.",
        rich_help_panel=_PANEL,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which columns and rows of its sources a command reads."""

    embedding_column: EmbeddingColumn = None
    label_column: LabelColumn = None
    id_column: IdColumn = None
    where: Where = None
    labels: LabelsFile = None

    def of(self, source: str | None, **more: Any) -> "AnySource":  # noqa: ANN401
        """These rows of a source, by default of standard input.

        Parameters
        ----------
        more
            Fields of `Selection` that are other than here.
        """
        from opiscli.analysis.inputs import Source
        from opiscli.sources import Selection

        columns = self.embedding_column, self.label_column, self.id_column
        chosen = {"where": tuple(self.where or ()), "labels_file": self.labels, **more}
        return Source(source_or_stdin(source), Selection(*columns, **chosen))

    def of_each(self, sources: list[str] | None) -> "list[AnySource]":
        """These rows of several sources."""
        return [self.of(source) for source in sources_or_stdin(sources)]
