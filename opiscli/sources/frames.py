"""Tables of Python libraries: pandas, polars, pyarrow, DuckDB, Hugging Face datasets.

None of them is imported: a table is what has columns and hands them out as Arrow does. An index, as
pandas has, is no column: rows count from 0.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from opiscli.embeddings.array_like import matrix_of
from opiscli.errors import EmbeddingError, UsageError
from opiscli.sources.arrow import InMemory
from opiscli.sources.selection import Selection

_NOT_ARROW = (pa.ArrowException, TypeError, ValueError, OverflowError)


def open_frame(frame: Any, name: str, selection: Selection) -> InMemory:  # noqa: ANN401
    """A table of any library as an Arrow table; columns that Arrow lacks are left out.

    Raises
    ------
    EmbeddingError
        If such a column is asked for.
    UsageError
        If it is no table, but several, or one that cannot be read as a whole.
    """
    if hasattr(frame, "with_format"):
        return InMemory(_of_dataset(frame), name)
    if hasattr(frame, "collect_schema") and not hasattr(frame, "__arrow_c_stream__"):
        frame = frame.collect()  # a LazyFrame of polars
    if hasattr(frame, "to_table") and not hasattr(frame, "__arrow_c_stream__"):
        frame = frame.to_table()  # a dataset of pyarrow
    if hasattr(frame, "iloc"):
        names = [str(column) for column in frame.columns]
        return _by_column(names, lambda at: frame.iloc[:, at], name, selection)
    try:
        return InMemory(pa.table(frame), name)
    except _NOT_ARROW:
        names = list(frame.columns)
        return _by_column(names, lambda at: frame[names[at]], name, selection)


def _of_dataset(dataset: Any) -> pa.Table:  # noqa: ANN401
    """Rows of a dataset of Hugging Face, in its own order."""
    if not hasattr(dataset, "select_columns") or not hasattr(dataset, "__len__"):
        raise UsageError(
            f"the data is of type {type(dataset).__name__}, which streams its rows",
            hint="Give a Dataset: load_dataset(…, streaming=False), or Dataset.from_generator.",
        )
    return dataset.with_format("arrow")[:]


def _by_column(
    names: list[str], column: Callable[[int], Any], name: str, selection: Selection
) -> InMemory:
    arrays = {at: _arrow_array(column(at)) for at in range(len(names))}
    usable = [at for at, array in arrays.items() if array is not None]
    for at, array in arrays.items():
        if array is None and names[at] in _asked_for(names, selection):
            raise EmbeddingError(
                f"column {names[at]!r} of the {name} holds Python objects of no common type,"
                " expected one type of values",
                hint=f"Convert it first: frame[{names[at]!r}].astype(str) for labels.",
            )
    columns = [arrays[at] for at in usable]
    return InMemory(pa.table(columns, names=[names[at] for at in usable]), name)


def _arrow_array(column: Any) -> pa.Array | pa.ChunkedArray | None:  # noqa: ANN401
    """A column as Arrow has it, or none if it has no type for it."""
    try:
        return pa.array(column, from_pandas=True)
    except _NOT_ARROW:
        pass
    try:  # tensors, or NumPy's arrays in another library's column
        matrix = matrix_of(column)
    except EmbeddingError:
        return None
    return pa.FixedSizeListArray.from_arrays(pa.array(matrix.ravel()), matrix.shape[1])


def _asked_for(names: list[str], selection: Selection) -> set[str | None]:
    conditions = (*selection.conditions(), *selection.exclusions())
    usual = {"embedding", "label"} if selection.embedding is None else {selection.label or "label"}
    return usual | {
        selection.embedding,
        selection.label,
        selection.id_among(names),
        *selection.others(names),
        *(column for column, _ in conditions),
    }
