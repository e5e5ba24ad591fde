"""Reads in-memory data: arrays with labels, and tables of other libraries."""

import os
from collections.abc import Mapping
from pathlib import Path

from opiscli.embeddings.array_like import matrix_of
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.frame_like import refuse_other_order
from opiscli.embeddings.label_array import label_array
from opiscli.sources.selection import Selection


def read_arrays(
    embeddings: object, labels: object, columns: Mapping[str, object], selection: Selection
) -> EmbeddingSet:
    """Read arrays, all rows or those that meet the conditions.

    Parameters
    ----------
    embeddings
        Anything that `matrix_of` takes.
    labels
        Anything that `label_array` takes, or the path of a file of labels.
    columns
        Further columns by name, on which conditions can be, too; ``label`` is that of the labels.

    Raises
    ------
    EmbeddingError
        If they cannot be evaluated; the first bad row is named.
    UsageError, SourceError
        If a condition cannot be met or names no column, or the file cannot be read.
    """
    refuse_other_order(embeddings, labels)
    matrix = matrix_of(embeddings)
    if isinstance(labels, str | os.PathLike):
        from opiscli.sources.labels_file import read_labels

        labels = read_labels(
            Path(labels),
            len(matrix),
            keep_missing=bool(selection.exclude),
            memory_limit=selection.memory_limit,
        )
    if not selection.where and not selection.exclude:
        return EmbeddingSet.from_arrays(
            matrix, labels, columns, with_pairs=selection.with_pairs, beside=selection.beside
        )
    # Imported here: pyarrow takes long to import, and is not needed for all rows.
    from opiscli.sources import arrays_as_tables, tables

    further = {
        name: label_array(values, "value", f" ({name})", keep_missing=True)
        for name, values in {"label": labels, **columns}.items()
    }
    return tables.read(arrays_as_tables.table_of("arrays", matrix, further), selection)


def read_frame(frame: object, selection: Selection, *, name: str = "table") -> EmbeddingSet:
    """Read a table of pandas, polars, pyarrow or another library, as a file is read.

    Raises
    ------
    EmbeddingError, SourceError, UsageError
        As `read_embeddings`.
    """
    from opiscli.sources import frames, tables

    return tables.read(frames.open_frame(frame, name, selection), selection)
