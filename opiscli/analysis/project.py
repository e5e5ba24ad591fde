"""The recipe of a projection: embeddings, in arrays or a source, through a head."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TypedDict, Unpack

import numpy.typing as npt

from opiscli.analysis.warnings.normalize import member_warnings
from opiscli.arrays import Float32Array
from opiscli.atomic_file import require_free
from opiscli.embeddings.array_like import matrix_of
from opiscli.embeddings.changed_rows import Change, ChangedRows
from opiscli.embeddings.frame_like import is_frame
from opiscli.embeddings.offsets import refuse_offsets
from opiscli.embeddings.unit_rows import unit_rows
from opiscli.errors import UsageError
from opiscli.results import ReportWarning
from opiscli.settings.memory_limit import require_room
from opiscli.settings.resources import Resources
from opiscli.sources import Selection, map_embeddings, open_rows, project_embeddings
from opiscli.sources.standard_output import is_standard_output
from opiscli.thresholds import probability_file
from opiscli.thresholds.probability_file import FittedProbability
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
    source: str,
    selection: Selection,
    head: Path | None,
    path: Path,
    *,
    force: bool,
    probability: Path | None = None,
    threads: int = 1,
) -> ProjectedFile:
    """Write a source as Parquet with its embeddings through a head, and their offsets if any.

    Parameters
    ----------
    head
        ``None`` leaves the embeddings as they are.
    probability
        A threshold file: also write the nearest other row of each, and the probability that both
        are of one class.
    threads
        For the search of the nearest.

    Raises
    ------
    SourceError
        If the source or the head file cannot be read.
    EmbeddingError
        As `opiscli.sources.map_embeddings`, or if the dims are not those of the head.
    OutputError, UsageError
        If the file cannot be written.
    """
    fitted = None if probability is None else probability_file.read(probability)
    if head is None:
        if fitted is None:
            raise UsageError(
                "neither --head nor --probability was given, so nothing would be changed",
                hint="Give a head that opis finetune wrote, or a threshold file that opis calibrate"
                " --probability wrote.",
            )
        n_rows = _with_probability(source, selection, None, path, fitted, threads, force=force)
        return ProjectedFile(n_rows, "with probabilities", ())
    trained = Head.load(head)
    change, n_members = trained.change(), 0

    def counted(unit: Float32Array) -> ChangedRows:
        nonlocal n_members
        rows = change(unit)
        n_members += rows.n_members
        return rows

    if fitted is None:
        n_rows = map_embeddings(source, selection, counted, path, force=force)
    else:
        n_rows = _with_probability(source, selection, change, path, fitted, threads, force=force)
    dims = trained.dims if trained.cohort is None else f"{trained.dims}, with offsets"
    return ProjectedFile(n_rows, dims, tuple(member_warnings(n_members, n_rows)))


def _with_probability(
    source: str,
    selection: Selection,
    change: Change | None,
    path: Path,
    fitted: FittedProbability,
    threads: int,
    *,
    force: bool,
) -> int:
    """Read all rows to find the nearest of each, and then write them."""
    from opiscli.analysis.nearest_probability import nearest_probability
    from opiscli.sources import mapping
    from opiscli.sources.offset_column import offset_column

    if not is_standard_output(path):
        require_free(path, force=force)
    table = open_rows(source, selection).table
    if change is None and offset_column(table, selection, []) is not None:
        refuse_offsets("cos-offset", "--probability without --head")
    rows = mapping.collect_mapped(table, selection, change or ChangedRows)
    # The index holds them once more.
    require_room(2 * rows.unit.nbytes, f"the search of {table.name}", selection.memory_limit)
    further = nearest_probability(rows, fitted, table.name, threads)
    return mapping.write_mapped(table, selection, change, path, force=force, further=further)
