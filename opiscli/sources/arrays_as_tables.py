"""Gives NumPy files the form of a table: an array is a column, a row of a matrix is a list."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.embeddings.coordinates import require_coordinates
from opiscli.embeddings.label_array import label_array
from opiscli.errors import EmbeddingError
from opiscli.sources.arrow import InMemory, slices
from opiscli.sources.npy_format import Header
from opiscli.sources.npz_archive import NpzArchive, StoredArray
from opiscli.sources.selection import (
    EMBEDDING_NAMES,
    LABEL_NAMES,
    Selection,
    refuse_labels_file,
    usual_name,
)
from opiscli.sources.stored import AnyFile

_ARROW_UNITS = ("D", "s", "ms", "us", "ns")


@dataclass(frozen=True)
class NpzTable:
    """The arrays of an NPZ file as a table; each is read on demand.

    Parameters
    ----------
    archive
        The file.
    n_rows
        How many entries each array that is asked for must have.
    """

    archive: NpzArchive
    n_rows: int
    _columns: dict[str, pa.Array] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """Names it in messages."""
        return self.archive.name

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of all arrays; of those that cannot be columns the type is null."""
        return pa.schema([(name, arrow_type(a)) for name, a in self.archive.arrays.items()])

    def size(self, columns: Sequence[str]) -> int:
        """Nothing more: the archive compares its own arrays with the memory limit."""
        return 0

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some arrays in batches of rows.

        Raises
        ------
        EmbeddingError
            If one does not have one entry per row, or cannot be a column.
        SourceError
            If one cannot be read.
        """
        whole = pa.record_batch([self._column(name) for name in columns], names=list(columns))
        yield from slices(whole)

    def _column(self, name: str) -> pa.Array:
        if name not in self._columns:
            self.require_usable(name)
            self._columns[name] = arrow_array(self.archive.load(name))
        return self._columns[name]

    def require_usable(self, name: str) -> None:
        """Raise `EmbeddingError` unless an array has one entry per row, of a usable type."""
        array = self.archive.arrays[name]
        if array.dtype.hasobject:
            self.archive.load(name)  # refuses it
        if array.ndim == 0:
            raise EmbeddingError(
                f"array {name!r} of {self.name} is a single value, expected one per item",
                hint="Save arrays with one entry per item.",
            )
        if array.shape[0] != self.n_rows:
            raise EmbeddingError(
                f"arrays of {self.name} differ in length: {name} has {array.shape[0]:,} entries,"
                f" expected {self.n_rows:,}, one per item",
                hint="Check that all come from the same run.",
            )
        if pa.types.is_null(self.schema.field(name).type):
            raise EmbeddingError(
                f"array {name!r} of {self.name} is of type {array.dtype} and shape {array.shape},"
                " expected one number, text, date or list of numbers per item",
                hint="Name another array, or save this one as text.",
            )


def table_of(name: str, embeddings: AnyArray, columns: Mapping[str, AnyArray]) -> InMemory:
    """Arrays in memory as a table.

    Parameters
    ----------
    embeddings
        Shape ``(n_items, dims)``.
    columns
        Further columns as `label_array` gives them, with missing values or without.

    Raises
    ------
    EmbeddingError
        If there is not one value per item.
    """
    for column, values in columns.items():
        if len(values) != len(embeddings):
            raise EmbeddingError(
                f"{len(embeddings):,} embeddings but {len(values):,} values of {column!r};"
                " the numbers must match",
                hint="Check that both come from the same run and are in the same order.",
            )
    arrays = {"embedding": arrow_array(embeddings)}
    arrays |= {column: arrow_array(values) for column, values in columns.items()}
    return InMemory(pa.table(arrays), name)


def open_npz(file: AnyFile, selection: Selection, name: str = "") -> NpzTable:
    """The arrays of an NPZ file; arrays requested by name must be usable.

    Parameters
    ----------
    name
        Names the file in messages, if that is not its path.

    Raises
    ------
    SourceError
        If the file cannot be read, or holds Python objects where values are needed.
    EmbeddingError
        If an array that is asked for cannot be a column.
    """
    called = name or str(file)
    refuse_labels_file(called, selection)
    archive = NpzArchive(file, called, selection.memory_limit)
    arrays = archive.arrays
    embedding = _embedding_among(arrays, selection)
    if embedding in arrays and arrays[embedding].dtype.hasobject:
        archive.load(embedding)  # refuses it
    if embedding in arrays:
        require_coordinates(arrays[embedding], f"embeddings ({embedding}) of {called}")
    n_rows = arrays[embedding].shape[0] if embedding in arrays else _common_length(arrays)
    table = NpzTable(archive, n_rows)
    label = selection.label or usual_name(LABEL_NAMES, list(arrays))
    if label in arrays and (arrays[label].ndim != 1 or arrays[label].dtype.kind not in "biuUS"):
        label_array(archive.load(label), of=f" ({label}) of {called}")  # refuses them
    for name in (label, *_asked_for(arrays, selection)):
        if name in arrays:
            table.require_usable(name)
    return table


def _embedding_among(arrays: Mapping[str, StoredArray], selection: Selection) -> str:
    """Name of the array of embeddings; empty if there is none, which readers explain."""
    usual = [name for name in EMBEDDING_NAMES if name in arrays]
    matrices = [name for name, a in arrays.items() if a.ndim == 2 and a.dtype.kind == "f"]
    alone = matrices if len(matrices) == 1 else []
    return selection.embedding or next(iter([*usual, *alone]), "")


def _common_length(arrays: Mapping[str, StoredArray]) -> int:
    lengths = [array.shape[0] for array in arrays.values() if array.ndim]
    return max(lengths, key=lengths.count, default=0)


def _asked_for(arrays: Mapping[str, StoredArray], selection: Selection) -> list[str]:
    """Existing arrays that are needed besides the embeddings."""
    names = list(arrays)
    conditions = [column for column, _ in (*selection.conditions(), *selection.exclusions())]
    asked = [selection.id_among(names), *selection.others(names), *conditions]
    return [name for name in asked if name is not None]


def arrow_type(array: AnyArray | StoredArray | Header) -> pa.DataType:
    """Arrow type of an array as a column; null if it cannot be a column."""
    kind, values = array.dtype.kind, array.dtype
    if array.ndim == 1 and kind in "US":
        return pa.large_string()
    if array.ndim == 1 and kind in "mM":
        is_arrow = np.datetime_data(str(values))[0] in _ARROW_UNITS and (
            kind == "M" or values != "m8[D]"
        )
        return pa.from_numpy_dtype(_native(values)) if is_arrow else pa.large_string()
    if kind not in "biuf" or array.ndim not in (1, 2):
        return pa.null()
    number = pa.from_numpy_dtype(_native(values))
    return number if array.ndim == 1 else pa.list_(number, array.shape[1])


def _native(values: np.dtype[np.generic]) -> np.dtype[np.generic]:
    """Convert to native byte order and at most 64 bits."""
    return np.dtype(np.float64) if values.char == "g" else values.newbyteorder("=")


def arrow_array(array: AnyArray) -> pa.Array:
    """An array of at most two dimensions as a column."""
    if array.dtype == object:
        return pa.array(array.tolist())
    kind = arrow_type(array)
    if pa.types.is_large_string(kind):
        texts = (
            np.char.decode(array, "utf-8", "backslashreplace") if array.dtype.kind == "S" else array
        )
        return pa.array(texts.astype(str), kind)
    values = pa.array(np.asarray(array, _native(array.dtype)).ravel())
    if pa.types.is_fixed_size_list(kind):
        return pa.FixedSizeListArray.from_arrays(values, array.shape[1])
    return values
