"""Gives NumPy files the form of a table: an array is a column, a row of a matrix is a list."""

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

from opiscli.arrays import AnyArray
from opiscli.errors import EmbeddingError
from opiscli.sources.numpy_files import load_npy, load_npz, refuse_column_options
from opiscli.sources.selection import Selection, refuse_labels_file


def open_npy(path: Path, selection: Selection) -> ds.Dataset:
    """Embeddings, and labels if there are some."""
    refuse_column_options(path, selection)
    columns = {"embedding": load_npy(path)}
    if selection.labels_file is not None:
        columns["label"] = load_npy(selection.labels_file)
    return _table(path, columns)


def open_npz(path: Path, selection: Selection) -> ds.Dataset:
    """Every array of the archive."""
    refuse_labels_file(str(path), selection)
    columns = load_npz(path)
    if "embedding" not in columns and "embeddings" in columns:
        columns["embedding"] = columns.pop("embeddings")
    return _table(path, columns)


def _table(path: Path, columns: dict[str, AnyArray]) -> ds.Dataset:
    lengths = {name: len(array) if array.ndim else 0 for name, array in columns.items()}
    if len(set(lengths.values())) != 1:
        found = ", ".join(f"{name} {length:,}" for name, length in lengths.items())
        raise EmbeddingError(
            f"arrays of {path} differ in length: {found}; expected one entry per item in each",
            hint="Check that all come from the same run.",
        )
    return ds.dataset(pa.table({name: _column(path, name, a) for name, a in columns.items()}))


def _column(path: Path, name: str, array: AnyArray) -> pa.Array:
    if array.ndim == 1 and array.dtype.kind in "biufUS":
        return pa.array(array)
    if array.ndim == 2 and array.dtype.kind in "iuf" and array.shape[1]:
        values = array if array.dtype.kind == "f" else array.astype("float64")
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), array.shape[1])
    raise EmbeddingError(
        f"array {name!r} of {path} has shape {array.shape} and type {array.dtype},"
        " expected one number, text or row of numbers an item",
        hint="Save only arrays with one entry per item.",
    )
