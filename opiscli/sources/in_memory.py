"""Reads in-memory data: arrays with labels, and tables of other libraries."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from opiscli.embeddings.array_like import array_of, matrix_of
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.frame_like import refuse_other_order
from opiscli.embeddings.label_array import label_array
from opiscli.embeddings.offsets import Offsets
from opiscli.errors import EmbeddingError
from opiscli.sources.selection import OFFSET_NAME, Selection

if TYPE_CHECKING:
    from opiscli.sources.table import Table


def read_arrays(
    embeddings: object, labels: object, columns: Mapping[str, object], selection: Selection
) -> EmbeddingSet:
    """Read arrays, all rows or those that meet the conditions.

    Parameters
    ----------
    embeddings
        Anything that `matrix_of` takes.
    labels
        Anything that `label_array` takes, or the path of a file of labels; ``None`` for no labels.
    columns
        Further columns by name, on which conditions can be, too; ``label`` is that of the labels.
        One of floats or `Offsets` called ``offset`` makes offsets of the similarities.

    Raises
    ------
    EmbeddingError
        If they cannot be evaluated; the first bad row is named.
    UsageError, SourceError
        If a condition cannot be met or names no column, or the file cannot be read.
    """
    refuse_other_order(embeddings, labels)
    matrix = matrix_of(embeddings)
    if labels is None:
        labels = np.full(len(matrix), "")
    if isinstance(labels, str | os.PathLike):
        from opiscli.sources.labels_file import read_labels

        labels = read_labels(
            os.fspath(labels),
            len(matrix),
            keep_missing=bool(selection.exclude),
            memory_limit=selection.memory_limit,
        )
    offsets = None if selection.no_offset else _offsets_among(columns)
    columns = {name: values for name, values in columns.items() if not _is_offset(name, values)}
    if not selection.where and not selection.exclude:
        return EmbeddingSet.from_arrays(
            matrix,
            labels,
            columns,
            with_pairs=selection.with_pairs,
            beside=selection.beside,
            offsets=offsets,
            memory_limit=selection.limit_of_items(selection.memory_limit),
        )
    # Imported here: pyarrow takes long to import, and is not needed for all rows.
    from opiscli.sources import arrays_as_tables, tables

    further = {
        name: label_array(values, "value", f" ({name})", keep_missing=True)
        for name, values in {"label": labels, **columns}.items()
    }
    if offsets is not None:
        further[OFFSET_NAME] = offsets.values
    read = tables.read(arrays_as_tables.table_of("arrays", matrix, further), selection)
    if offsets is None or read.offsets is None:
        return read
    how = replace(read.offsets, k=offsets.k, weight=offsets.weight)
    return replace(read, offsets=how)


def _is_offset(name: str, values: object) -> bool:
    if name != OFFSET_NAME or isinstance(values, Offsets):
        return name == OFFSET_NAME
    try:
        array = array_of(values, "offsets")
    except EmbeddingError:
        return False
    return array.ndim == 1 and array.dtype.kind == "f"


def _offsets_among(columns: Mapping[str, object]) -> Offsets | None:
    values = columns.get(OFFSET_NAME)
    if isinstance(values, Offsets) or not _is_offset(OFFSET_NAME, values):
        return values if isinstance(values, Offsets) else None
    return Offsets.of(array_of(values, "offsets"))


def array_table(embeddings: object, columns: Mapping[str, object]) -> "Table":
    """Arrays as a table, without the columns that are None."""
    from opiscli.sources import arrays_as_tables

    further = {
        name: label_array(values, "value", f" ({name})", keep_missing=True)
        for name, values in columns.items()
        if values is not None and name != OFFSET_NAME
    }
    return arrays_as_tables.table_of("arrays", matrix_of(embeddings), further)


def read_frame(frame: object, selection: Selection, *, name: str = "table") -> EmbeddingSet:
    """Read a table of pandas, polars, pyarrow or another library, as a file is read.

    Raises
    ------
    EmbeddingError, SourceError, UsageError
        As `read_embeddings`.
    """
    from opiscli.sources import frames, tables

    return tables.read(frames.open_frame(frame, name, selection), selection)
