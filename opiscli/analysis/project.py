"""The recipe of a projection: embeddings, in arrays or a source, through a head."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TypedDict, Unpack

import numpy.typing as npt

from opiscli.analysis.warnings.normalize import member_warnings
from opiscli.arrays import Float32Array
from opiscli.embeddings.array_like import matrix_of
from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.embeddings.frame_like import is_frame
from opiscli.embeddings.unit_rows import unit_rows
from opiscli.results import ReportWarning
from opiscli.settings.resources import Resources
from opiscli.sources import Selection, map_embeddings, project_embeddings
from opiscli.training.head import Head


class ProjectedRows(TypedDict, total=False):
    """Which rows of a source are projected.

    Parameters
    ----------
    embedding_column, embedding_columns, where, exclude
        Columns and rows to take, as in ``opis project``.
    query
        What to read of a database, in SQL.
    memory_limit
        For reading, in bytes or as text such as ``1.5GB``; by default a quarter of the machine's
        memory.
    """

    embedding_column: str | None
    embedding_columns: str | None
    where: tuple[str, ...]
    exclude: tuple[str, ...]
    query: str | None
    memory_limit: int | str | None


def project(
    embeddings: npt.ArrayLike | str | PathLike[str],
    head: Head | str | PathLike[str],
    **reading: Unpack[ProjectedRows],
) -> Float32Array:
    """Apply a head to embeddings; of one with offsets, see `project_with_offsets`.

    Parameters
    ----------
    embeddings
        Shape ``(n, dims)``, not necessarily of length one; or a table, or a source of them, of any
        kind that ``opis project`` reads.
    head
        A trained head, or the path of its file.
    **reading
        ``embedding_column``, ``embedding_columns``, ``where`` and ``exclude``: columns and rows of
        a source to take, as in ``opis project``; ``query``, what to read of a database, in SQL;
        ``memory_limit`` for reading it.

    Returns
    -------
    Float32Array
        Shape ``(n, dim)``, rows of length one, in the order of the rows: the embeddings that
        ``opis project`` writes.

    Raises
    ------
    SourceError
        If the source or the head file cannot be read.
    EmbeddingError
        If the dims are not those of the head, or a row is zero, not finite or becomes zero.
    UsageError
        If the head is not trained.
    """
    return project_with_offsets(embeddings, head, **reading).unit


def project_with_offsets(
    embeddings: npt.ArrayLike | str | PathLike[str],
    head: Head | str | PathLike[str],
    **reading: Unpack[ProjectedRows],
) -> ChangedRows:
    """As `project`, and the offsets of the rows if the head was trained with ``normalize``.

    Returns
    -------
    ChangedRows
        ``unit``, the rows; and ``offsets``, ``None`` if the head has none. The score of two items
        is the cosine of their rows less both offsets, which other functions take as
        ``columns={"offset": offsets}``.
    """
    change = (head if isinstance(head, Head) else Head.load(head)).change()
    if not isinstance(embeddings, str | PathLike) and not is_frame(embeddings):
        rows = matrix_of(embeddings)
        return change(unit_rows([rows], len(rows)))
    limit = Resources.of_machine(memory_limit=reading.get("memory_limit")).memory_limit
    selection = Selection(
        reading.get("embedding_column"),
        where=reading.get("where", ()),
        exclude=reading.get("exclude", ()),
        embedding_columns=reading.get("embedding_columns"),
        memory_limit=limit,
        query=reading.get("query"),
    )
    source = str(embeddings) if isinstance(embeddings, PathLike) else embeddings
    return project_embeddings(source, selection, change)


@dataclass(frozen=True, slots=True)
class ProjectedFile:
    """A file that was written through a head.

    Parameters
    ----------
    n_rows
        How many rows it has.
    dims
        Input and output dimension, and whether there are offsets, in words.
    warnings
        What to know before the offsets are trusted.
    """

    n_rows: int
    dims: str
    warnings: tuple[ReportWarning, ...]


def project_to_file(
    source: str, selection: Selection, head: Path, path: Path, *, force: bool
) -> ProjectedFile:
    """Write a source as Parquet with its embeddings through a head, and their offsets if any.

    Raises
    ------
    SourceError
        If the source or the head file cannot be read.
    EmbeddingError
        As `opiscli.sources.map_embeddings`, or if the dims are not those of the head.
    OutputError, UsageError
        If the file cannot be written.
    """
    trained = Head.load(head)
    change, n_members = trained.change(), 0

    def counted(unit: Float32Array) -> ChangedRows:
        nonlocal n_members
        rows = change(unit)
        n_members += rows.n_members
        return rows

    n_rows = map_embeddings(source, selection, counted, path, force=force)
    dims = trained.dims if trained.cohort is None else f"{trained.dims}, with offsets"
    return ProjectedFile(n_rows, dims, tuple(member_warnings(n_members, n_rows)))
