"""Reads Parquet, Arrow and Feather tables through pyarrow datasets, a batch at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from opiscli.arrays import AnyArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.labels import Labels
from opiscli.embeddings.unit_rows import centred_rows
from opiscli.errors import EmbeddingError, SourceError, UsageError
from opiscli.sources.selection import Selection, named_by_id, refuse_labels_file, require_column

ROWS_AT_ONCE = 16_384
_VALUES_SHOWN = 8


def open_files(files: Sequence[Path], *, folder: Path | None = None) -> ds.Dataset:
    """Open Parquet files as one dataset; a folder may be partitioned as ``split=test/``."""
    if not files:
        raise SourceError(
            f"{folder} holds no .parquet file", hint="Name the folder that holds the Parquet files."
        )
    with explained(folder or files[0]):
        return ds.dataset(
            [str(file) for file in files],
            format="parquet",
            partitioning="hive",
            partition_base_dir=None if folder is None else str(folder),
        )


def open_arrow_file(path: Path) -> ds.Dataset:
    """Open an Arrow IPC file or Feather file."""
    with explained(path):
        return ds.dataset(str(path), format="feather")


def open_arrow_stream(path: Path) -> ds.Dataset:
    """Open an Arrow IPC stream saved in a file."""
    with explained(path), pa.OSFile(str(path)) as file:
        return ds.dataset(pa.ipc.open_stream(file).read_all())


def open_contents(contents: bytes, name: str) -> ds.Dataset:
    """Open an Arrow IPC stream or file that has already been read."""
    with explained(name):
        is_file = contents.startswith(b"ARROW1")
        opened = pa.ipc.open_file(contents) if is_file else pa.ipc.open_stream(contents)
        return ds.dataset(opened.read_all())


def read(dataset: ds.Dataset, source: str, selection: Selection) -> EmbeddingSet:
    """Read the embedding and label columns of the selected rows, and nothing else."""
    refuse_labels_file(source, selection)
    columns = _columns(dataset.schema, source, selection)
    rows = condition(dataset.schema, source, selection)
    collected: dict[str, list[pa.Array]] = {role: [] for role in columns if role != "embedding"}
    with explained(source):
        n_items = dataset.count_rows(filter=rows)
        if n_items == 0 and selection.where:
            raise nothing_selected(dataset, source, selection)

        def blocks() -> Iterator[AnyArray]:
            for chunks in collected.values():
                chunks.clear()  # crowded embeddings are read twice
            return vectors(_batches(dataset, columns, rows), collected)

        try:
            embeddings = centred_rows(blocks, n_items, selection.beside)
        except EmbeddingError as error:
            if error.row is None or not collected.get("id"):
                raise
            item = pa.chunked_array(collected["id"])[error.row].as_py()
            raise named_by_id(error, item) from error
        labels = _labels(pa.chunked_array(collected["label"]), f"label ({columns['label']})")
        others = {
            name: _text(pa.chunked_array(collected[_role(name)]), name, source, selection)
            for name in selection.others(dataset.schema.names)
        }
    return EmbeddingSet.from_rows(embeddings, labels, others, with_pairs=selection.with_pairs)


def _columns(schema: pa.Schema, source: str, selection: Selection) -> dict[str, str]:
    """Column name of each role; every one exists and has a usable type."""
    columns = {"embedding": embedding_column(schema, source, selection.embedding)}
    columns["label"] = selection.label or "label"
    require_column(columns["label"], schema.names, source, "--label-column")
    if (item_id := selection.id_among(schema.names)) is not None:
        require_column(item_id, schema.names, source, "--id-column")
        columns["id"] = item_id
    for name, option in selection.others(schema.names).items():
        require_column(name, schema.names, source, option)
        columns[_role(name)] = name
    _require_label_type(schema.field(columns["label"]))
    return columns


def _role(name: str) -> str:
    """Role of a column that is read beside the embeddings."""
    return f"column {name}"


def embedding_column(schema: pa.Schema, source: str, asked: str | None) -> str:
    """Name of the column that holds the embeddings."""
    vectors = [field.name for field in schema if _is_vector(field.type)]
    if asked is None and "embedding" not in schema.names:
        if len(vectors) != 1:
            found = f"{len(vectors)} columns that could be one: {', '.join(vectors)}"
            found = (
                found if vectors else f"no list-of-float column among: {', '.join(schema.names)}"
            )
            raise SourceError(
                f"{source} has no column 'embedding' and {found}",
                hint="Name the column with --embedding-column.",
            )
        return str(vectors[0])
    name = asked or "embedding"
    require_column(name, schema.names, source, "--embedding-column")
    if name not in vectors:
        raise SourceError(
            f"column {name!r} of {source} holds {schema.field(name).type},"
            " expected lists of float16, float32 or float64",
            hint="Name the column with --embedding-column, or convert it.",
        )
    return name


def _is_vector(kind: pa.DataType) -> bool:
    is_list = (
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )
    return bool(is_list and pa.types.is_floating(kind.value_type))


def _require_label_type(field: pa.Field) -> None:
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    usable = (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
    )
    if not usable:
        raise EmbeddingError(
            f"label column {field.name!r} holds {field.type},"
            " expected strings, integers or booleans",
            hint="Name another column with --label-column, or convert this one to strings.",
        )


def condition(schema: pa.Schema, source: str, selection: Selection) -> pc.Expression | None:
    """Which rows are selected, or all."""
    expression: pc.Expression | None = None
    for name, text in selection.conditions():
        require_column(name, schema.names, source, selection.where_option)
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        try:
            value = pa.scalar(text).cast(kind)
        except pa.ArrowException as cause:
            raise UsageError(
                f"{selection.where_option} {name}={text} cannot match: column {name!r} holds"
                f" {kind}",
                hint="Give a value of that type.",
            ) from cause
        holds = pc.field(name).cast(kind) == value
        expression = holds if expression is None else expression & holds
    return expression


def nothing_selected(dataset: ds.Dataset, source: str, selection: Selection) -> EmbeddingError:
    """Explain that the conditions are met by no row."""
    column = selection.conditions()[0][0]
    values = dataset.to_table(columns={"value": pc.field(column)})["value"].unique()
    shown = ", ".join(str(value) for value in values[:_VALUES_SHOWN].to_pylist())
    more = ", …" if len(values) > _VALUES_SHOWN else ""
    return EmbeddingError(
        f"no row of {source} meets {selection.where_as_given}",
        hint=f"Column {column!r} holds: {shown}{more}.",
    )


def _batches(
    dataset: ds.Dataset, columns: dict[str, str], rows: pc.Expression | None
) -> Iterator[pa.RecordBatch]:
    yield from dataset.to_batches(
        # Expressions, because a plain name with a dot would mean a nested field.
        columns={role: pc.field(name) for role, name in columns.items()},
        filter=rows,
        batch_size=ROWS_AT_ONCE,
        batch_readahead=2,
        fragment_readahead=1,
    )


def vectors(
    batches: Iterator[pa.RecordBatch], collected: dict[str, list[pa.Array]]
) -> Iterator[AnyArray]:
    """Hand out the embeddings of each batch and put its other columns aside."""
    dims: int | None = None
    start = 0
    for batch in batches:
        if batch.num_rows == 0:
            continue
        for role, chunks in collected.items():
            chunks.append(batch.column(role))
        column = batch.column("embedding")
        _refuse_nulls(column, start, "embedding")
        lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
        dims = int(lengths[0]) if dims is None else dims
        if (odd := lengths != dims).any():
            first = int(np.argmax(odd))
            raise EmbeddingError(
                f"embedding in row {start + first} has {lengths[first]} dims, expected {dims}"
                " as in row 0 (rows count from 0)",
                hint="All embeddings must come from one model; drop or repair the odd ones.",
                row=start + first,
            )
        values = column.flatten()
        if values.null_count:
            first = int(np.argmax(values.is_null().to_numpy(zero_copy_only=False))) // dims
            raise _null_error(start + first, "value in the embedding")
        yield values.to_numpy(zero_copy_only=False).reshape(-1, dims)
        start += batch.num_rows


def _refuse_nulls(column: pa.Array | pa.ChunkedArray, start: int, what: str) -> None:
    if column.null_count:
        nulls = column.is_null().to_numpy(zero_copy_only=False)
        raise _null_error(start + int(np.argmax(nulls)), what)


def _null_error(row: int, what: str) -> EmbeddingError:
    return EmbeddingError(
        f"{what} in row {row} is null (rows count from 0), expected a value in every row",
        hint="Drop these rows or fill them in.",
        row=row,
    )


def _text(column: pa.ChunkedArray, name: str, source: str, selection: Selection) -> Labels:
    """Any column of texts, numbers or dates; what is null is shown as an empty text."""
    if name == selection.group:
        _refuse_nulls(column, 0, f"group ({name})")
    is_whole = pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)
    if column.null_count or not is_whole:
        column = _as_text(column, name, source)
    return _labels(column, f"value ({name})")


def _as_text(column: pa.ChunkedArray, name: str, source: str) -> pa.ChunkedArray:
    try:
        return pc.fill_null(pc.cast(column, pa.large_string()), "")
    except pa.ArrowException as cause:
        raise EmbeddingError(
            f"column {name!r} of {source} holds {column.type}, expected texts, numbers or dates",
            hint="Name another column, or convert this one to strings.",
        ) from cause


def _labels(column: pa.ChunkedArray, what: str) -> Labels:
    _refuse_nulls(column, 0, what)
    encoded = column.combine_chunks()
    if not pa.types.is_dictionary(encoded.type):
        encoded = encoded.dictionary_encode()
    if encoded.dictionary.null_count:
        values = encoded.dictionary.take(encoded.indices)
        _refuse_nulls(values, 0, what)
    return Labels.from_codes(
        encoded.indices.to_numpy(zero_copy_only=False),
        encoded.dictionary.to_numpy(zero_copy_only=False),
    )


@contextmanager
def explained(source: Path | str) -> Iterator[None]:
    """Turn what pyarrow raises on a bad file into a sentence."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, EOFError) as cause:
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise SourceError(
            f"{source} cannot be read: {reason}",
            hint="The file may be cut off or of another kind; write it again.",
        ) from cause
