"""Reads NPY and NPZ files, without ever unpickling."""

from dataclasses import replace
from pathlib import Path

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.labels import Labels
from opiscli.embeddings.unit_rows import centred_rows
from opiscli.errors import UsageError
from opiscli.settings.memory_limit import require_items
from opiscli.settings.resources import Resources
from opiscli.sources.npy_file import open_matrix, refuse_column_options
from opiscli.sources.selection import Selection

_SIDES_WITH_LABELS = ("", "gallery")


def read_npy(path: Path, selection: Selection) -> EmbeddingSet:
    """Read embeddings from one NPY file and labels from another."""
    from opiscli.sources.labels_file import read_labels

    refuse_column_options(str(path), selection)
    if selection.labels_file is None and selection.needs_labels:
        raise UsageError(
            f"{path} is an NPY file and has no labels",
            hint=f"Add {selection.labels_option} FILE: NPY, text, CSV or Parquet."
            if selection.side in _SIDES_WITH_LABELS
            else "Name a file that has both, such as NPZ or Parquet.",
        )
    if selection.where or selection.exclude:
        # Imported here: pyarrow takes longer to import than an NPY file takes to read.
        from opiscli.sources import beside_labels, tables

        table = beside_labels.open_npy(path, selection)
        return tables.read(table, replace(selection, labels_file=None))
    opened = open_matrix(path, str(path))
    n_items = opened.header.shape[0]
    limit = selection.memory_limit or Resources.of_machine().memory_limit
    require_items(n_items, str(path), limit)
    labels = Labels.absent(n_items)
    if (file := selection.labels_file) is not None:
        labels = Labels.from_values(read_labels(file, n_items, memory_limit=limit))
    share = selection.limit_of_items(limit)
    rows = centred_rows(lambda: opened.blocks(limit), n_items, selection.beside, memory_limit=share)
    return EmbeddingSet.from_rows(rows, labels, with_pairs=selection.with_pairs)


def read_npz(path: Path, selection: Selection) -> EmbeddingSet:
    """Read an NPZ file, whose arrays are its columns."""
    from opiscli.sources import arrays_as_tables, tables

    return tables.read(arrays_as_tables.open_npz(path, selection), selection)
