"""What a command reads: sources, their columns and their rows."""

import shlex
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opiscli.cli.options.groups import option
from opiscli.cli.options.pairs import Pairs
from opiscli.cli.options.parsing import source_or_stdin, sources_or_stdin
from opiscli.settings.choice import given

if TYPE_CHECKING:
    from opiscli.analysis.inputs import Source as AnySource
    from opiscli.sources import Selection

_PANEL = "Input"

Source = Annotated[
    str | None,
    typer.Argument(
        help="Parquet, Arrow, Feather, CSV, JSONL, NPY, NPZ or FAISS file, folder of Parquet files"
        " or of a saved Hugging Face dataset, 'glob' of files, Delta, Iceberg or Lance table,"
        " address (s3://, gs://, abfs://, https://, hf://), database (duckdb://, sqlite:// or"
        " postgresql://, with --query), table of pairs with scores, saved evaluation (.opis), or -"
        " for a table or an evaluation on stdin, which is also the default in a pipe.",
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
    option("Column of embeddings. Default: embedding, else the one list-of-float column.", _PANEL),
]
EmbeddingColumns = Annotated[
    str | None,
    option(
        "Columns that hold one coordinate each, as a glob over their names: 'dim_*'.",
        _PANEL,
        metavar="GLOB",
    ),
]
LabelColumn = Annotated[str | None, option("Column of labels. Default: label.", _PANEL)]
IdColumn = Annotated[str | None, option("Column of ids, to name a bad row by.", _PANEL)]
Where = Annotated[
    list[str] | None,
    option(
        "Use only rows of SOURCE with this value. Repeat to narrow further.",
        _PANEL,
        metavar="COLUMN=VALUE",
    ),
]
Exclude = Annotated[
    list[str] | None,
    option(
        "Leave out rows with this value, in every source of the command; label= leaves out"
        " missing labels. Repeatable.",
        _PANEL,
        metavar="COLUMN=VALUE",
    ),
]
LabelsFile = Annotated[
    str | None,
    option(
        "File or address of the labels of an NPY or FAISS source: NPY, text with one per line, CSV"
        " or Parquet.",
        _PANEL,
        "--labels",
        metavar="FILE",
    ),
]
NoOffset = Annotated[
    bool,
    option(
        "Ignore the column offset (written by opis normalize), which otherwise is subtracted from"
        " similarities.",
        _PANEL,
        "--no-offset",
    ),
]
Query = Annotated[
    str | None,
    option(
        "SQL query, for a database as SOURCE, such as 'SELECT label, embedding FROM items'.",
        _PANEL,
        metavar="SQL",
    ),
]
DropDuplicates = Annotated[
    bool | None,
    option("Keep one of all items with exactly the same embedding.", _PANEL, "--drop-duplicates"),
]
MinItems = Annotated[
    int | None,
    option(
        "Measure only classes with at least N items; smaller classes only form "
        "different-class pairs. Default: 2.",
        _PANEL,
        metavar="N",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Options that exclude rows or classes from counting."""

    drop_duplicates: DropDuplicates = None
    min_items: MinItems = None

    def given(self) -> dict[str, Any]:
        """Fields of `EvaluationSettings` that were asked for."""
        return given(**asdict(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Which columns and rows of its sources a command reads."""

    embedding_column: EmbeddingColumn = None
    embedding_columns: EmbeddingColumns = None
    label_column: LabelColumn = None
    id_column: IdColumn = None
    where: Where = None
    exclude: Exclude = None
    labels: LabelsFile = None
    no_offset: NoOffset = False
    query: Query = None

    def of(self, source: str | None, **more: Any) -> "AnySource":  # noqa: ANN401
        """These rows of a source, by default of standard input.

        Parameters
        ----------
        more
            Fields of `Selection` that are other than here.
        """
        from opiscli.analysis.inputs import Source

        return Source(source_or_stdin(source), self.selection(**more))

    def selection(self, **more: Any) -> "Selection":  # noqa: ANN401
        """Columns and rows to read; ``more`` are fields that are other than here."""
        from opiscli.sources import Selection

        columns = self.embedding_column, self.label_column, self.id_column
        chosen = {
            "where": tuple(self.where or ()),
            "exclude": tuple(self.exclude or ()),
            "embedding_columns": self.embedding_columns,
            "labels_file": self.labels,
            "no_offset": self.no_offset,
            "query": None if more.get("side") else self.query,  # the other source has its own
            **more,
        }
        return Selection(*columns, **chosen)

    def typed(self, source: str | None) -> str | None:
        """The source and these options as typed in a shell; ``None`` for standard input."""
        if source in (None, "-"):
            return None
        from opiscli.sources.credentials import without_credentials

        words = [without_credentials(str(source))]
        for name, chosen in _given(self):
            if isinstance(chosen, bool):
                words += [name] if chosen else []
                continue
            values = chosen if isinstance(chosen, list) else [] if chosen is None else [chosen]
            for value in values:
                words += [name, without_credentials(str(value))]
        return shlex.join(words)

    def of_each(self, sources: list[str] | None) -> "list[AnySource]":
        """These rows of several sources."""
        return [self.of(source) for source in sources_or_stdin(sources)]


def _given(options: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Names and values of options, those of groups inside included."""
    for field in fields(options):
        value = getattr(options, field.name)
        if is_dataclass(value):
            yield from _given(value)
        else:
            yield f"--{field.name.replace('_', '-')}", value


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsOrPairs(Rows):
    """The same of sources whose rows may be pairs."""

    pairs: Pairs

    def of(self, source: str | None, **more: Any) -> "AnySource":  # noqa: ANN401
        """These rows or pairs of a source, by default of standard input."""
        return replace(Rows.of(self, source, **more), pairs=self.pairs.selection())
