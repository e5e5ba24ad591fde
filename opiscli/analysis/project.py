"""The recipe of a projection: embeddings, in arrays or a source, through a head."""

from os import PathLike

import numpy.typing as npt

from opiscli.arrays import Float32Array
from opiscli.embeddings.frame_like import is_frame
from opiscli.settings.resources import Resources
from opiscli.sources import Selection, project_embeddings
from opiscli.training.head import Head


def project(
    embeddings: npt.ArrayLike | str | PathLike[str],
    head: Head | str | PathLike[str],
    *,
    embedding_column: str | None = None,
    embedding_columns: str | None = None,
    where: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
    memory_limit: int | str | None = None,
    query: str | None = None,
) -> Float32Array:
    """Apply a head to embeddings.

    Parameters
    ----------
    embeddings
        Shape ``(n, dims)``, not necessarily of length one; or a table, or a source of them, of any
        kind that ``opis project`` reads.
    head
        A trained head, or the path of its file.
    embedding_column, embedding_columns, where, exclude
        Which columns and rows of a source to take, as in ``opis project``.
    memory_limit
        For reading a source, in bytes or as text such as ``1.5GB``; by default a quarter of the
        machine's memory.
    query
        What to read of a database, in SQL.

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
    trained = head if isinstance(head, Head) else Head.load(head)
    selection = Selection(
        embedding_column,
        where=where,
        exclude=exclude,
        embedding_columns=embedding_columns,
        memory_limit=Resources.of_machine(memory_limit=memory_limit).memory_limit,
        query=query,
    )
    change = trained.projection.apply
    if isinstance(embeddings, str | PathLike):
        return project_embeddings(str(embeddings), selection, change)
    if is_frame(embeddings):
        return project_embeddings(embeddings, selection, change)
    return trained.transform(embeddings)
