"""Which columns and rows of a source to read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, SourceError, UsageError
from opiscli.settings.resources import Resources
from opiscli.sources.credentials import query_without_credentials, without_credentials

_NAMES_SHOWN = 20

EMBEDDING_NAMES = ("embedding", "embeddings")
LABEL_NAMES = ("label", "labels")
OFFSET_NAME = "offset"
"""What columns are called where none is named, in every kind of source."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to take from a source.

    Parameters
    ----------
    embedding, label, id
        Column names. Left out, the embedding is ``embedding`` or else the only column
        that can be one, the label is ``label``, and ids are not read.
    where
        Conditions ``COLUMN=VALUE`` that every row must meet. An empty value also means a
        missing one.
    labels_file
        NPY file of labels, for an NPY source.
    group
        Column that tells the group of each item.
    show
        Further columns to read as text.
    find_id
        Whether a column ``id`` is the id where none is named.
    with_pairs
        Whether what is taken must hold positive and negative pairs.
    side
        Which of two sources this is about, as the options for it begin: ``gallery``.
    beside
        What was read from the other source, with which this one is going to be compared.
    exclude
        Conditions ``COLUMN=VALUE`` of rows that are left out, whatever ``where`` says.
    embedding_columns
        Glob over the names of columns that hold one coordinate each, such as ``dim_*``; in
        the order of the numbers in their names.
    memory_limit
        Bytes that reading may take; by default a share of the machine's memory.
    no_offset
        Whether a column of offsets is ignored.
    query
        SQL that says what to read of a database; no other source has one.
    """

    embedding: str | None = None
    label: str | None = None
    id: str | None = None
    where: tuple[str, ...] = ()
    labels_file: Path | None = None
    group: str | None = None
    show: tuple[str, ...] = ()
    find_id: bool = False
    with_pairs: bool = True
    side: str = ""
    beside: EmbeddingSet | None = field(default=None, compare=False)
    exclude: tuple[str, ...] = ()
    embedding_columns: str | None = None
    memory_limit: int | None = field(default=None, compare=False)
    no_offset: bool = False
    query: str | None = None

    def id_among(self, columns: list[str]) -> str | None:
        """Name of the id column, or ``None`` if there is none to read."""
        return "id" if self.id is None and self.find_id and "id" in columns else self.id

    def others(self, columns: list[str]) -> dict[str, str]:
        """Names of the columns that are read beside the embeddings, with the option of each."""
        asked = {name: "--show" for name in self.show}
        if self.group is not None:
            asked[self.group] = "--group-by"
        found = self.id_among(columns) if self.find_id else None
        return asked if found is None else {**asked, found: "--id-column"}

    @property
    def allowed_memory(self) -> int:
        """Bytes that reading may take, which may mean to ask the machine."""
        return self.memory_limit or Resources.of_machine().memory_limit

    @property
    def where_option(self) -> str:
        """The option that gives a condition."""
        return f"--{self.side}-where" if self.side else "--where"

    @property
    def labels_option(self) -> str:
        """The option that names a file of labels."""
        return f"--{self.side}-labels" if self.side else "--labels"

    @property
    def where_as_given(self) -> str:
        """All conditions as they were given."""
        return " ".join(f"{self.where_option} {condition}" for condition in self.where)

    def refuse_any(self, source: str) -> None:
        """Raise `UsageError` if anything is chosen from a source that has nothing to choose."""
        for option, value in (
            ("--embedding-column", self.embedding),
            ("--embedding-columns", self.embedding_columns),
            ("--label-column", self.label),
            ("--id-column", self.id),
            (self.where_option, self.where),
            ("--exclude", self.exclude),
            (self.labels_option, self.labels_file),
            ("--group-by", self.group),
            ("--show", self.show),
            ("--no-offset", self.no_offset),
            ("--query", self.query),
        ):
            if value:
                raise UsageError(
                    f"{option} was given, but {source} is an evaluation file: its items are"
                    " already counted",
                    hint="Leave the option out, or evaluate the embeddings again.",
                )

    def refuse_query(self, source: str) -> None:
        """Raise `UsageError` if there is a query, for a source that is no database."""
        if self.query is not None:
            raise UsageError(
                f"--query was given, but {without_credentials(source)} is no database, expected an"
                " address such as duckdb://FILE",
                hint="Leave --query out; --where and --exclude choose rows of any source.",
            )

    def conditions(self) -> list[tuple[str, str]]:
        """Split ``where`` at the first equals sign of each.

        Raises
        ------
        UsageError
            If a condition has none.
        """
        return [_column_and_value(condition, self.where_option) for condition in self.where]

    def exclusions(self) -> list[tuple[str, str]]:
        """Split ``exclude`` likewise."""
        return [_column_and_value(condition, "--exclude") for condition in self.exclude]

    @property
    def rows(self) -> tuple[str, ...]:
        """Which rows are taken, to be shown beside the name of the source."""
        queried = [] if self.query is None else [query_without_credentials(self.query)]
        left_out = (f"{column}!={value}" for column, value in self.exclusions())
        return (*queried, *self.where, *left_out)


def _column_and_value(condition: str, option: str) -> tuple[str, str]:
    column, equals, value = condition.partition("=")
    if not equals or not column:
        raise UsageError(
            f"{option} {condition} is not a condition, expected COLUMN=VALUE",
            hint=f"For example {option} split=test.",
        )
    if column.endswith("!"):
        raise UsageError(
            f"{option} {condition} is not a condition: != is not supported, expected COLUMN=VALUE",
            hint=f"Leave rows out with --exclude {column[:-1]}={value}.",
        )
    return column, value


def refuse_labels_file(source: str, selection: Selection) -> None:
    """Raise `UsageError` where labels come with the embeddings and a second file is named."""
    if selection.labels_file is not None:
        raise UsageError(
            f"{selection.labels_option} {selection.labels_file} was given, but {source} carries its"
            " own labels",
            hint=f"Leave {selection.labels_option} out, or name the column with --label-column; if"
            " the file has none, add one.",
        )


def listed(names: Sequence[str]) -> str:
    """Names one after the other; of very many only the first."""
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown}, … ({len(names):,} in all)"


def usual_name(usual: tuple[str, ...], columns: Sequence[str]) -> str:
    """The first of some names that a column has, or the first of all."""
    return next((name for name in usual if name in columns), usual[0])


def require_column(name: str, columns: list[str], source: str, option: str) -> None:
    """Raise `SourceError`, listing the columns there are, if ``name`` is not one of them."""
    if name not in columns:
        raise SourceError(
            f"{source} has no column {name!r}, expected one of: {listed(columns)}",
            hint=f"Name the column with {option}.",
        )


def named_by_id(error: EmbeddingError, item: object) -> EmbeddingError:
    """Restate an error with the id of its first bad row."""
    return EmbeddingError(f"{error.problem}, id {item!r}", hint=error.hint, row=error.row)
