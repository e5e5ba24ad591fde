"""Reads Parquet, Arrow and Feather tables, a batch of rows at a time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.unit_rows import centred_rows
from opiscli.errors import EmbeddingError, SourceError, UsageError
from opiscli.sources.columns import (
    embedding_column,
    labels,
    require_label_type,
    texts,
    vectors,
)
from opiscli.sources.parquet import ParquetFile
from opiscli.sources.selection import Selection, named_by_id, refuse_labels_file, require_column

if TYPE_CHECKING:
    import pyarrow.compute as pc
    import pyarrow.dataset as ds

Table: TypeAlias = Union[ParquetFile, "ds.Dataset"]

ROWS_AT_ONCE = 16_384
_VALUES_SHOWN = 8


def open_files(files: Sequence[Path], *, folder: Path | None = None) -> Table:
    """Open Parquet files as one table; a folder may be partitioned as ``split=test/``."""
    if not files:
        raise SourceError(
            f"{folder} holds no .parquet file", hint="Name the folder that holds the Parquet files."
        )
    # Only what is below a folder, or named like split=test, has columns in its path.
    if folder is None and len(files) == 1 and "=" not in str(files[0]):
        return ParquetFile(files[0])
    with explained(folder or files[0]):
        return _dataset([str(file) for file in files], folder)


def as_dataset(table: Table) -> "ds.Dataset":
    """Open a table so that its rows can be chosen."""
    return _dataset([str(table.path)]) if isinstance(table, ParquetFile) else table


def _dataset(files: list[str], folder: Path | None = None) -> "ds.Dataset":
    import pyarrow.dataset as ds

    return ds.dataset(
        files,
        format="parquet",
        partitioning="hive",
        partition_base_dir=None if folder is None else str(folder),
    )


def open_arrow_file(path: Path) -> "ds.Dataset":
    """Open an Arrow IPC file or Feather file."""
    import pyarrow.dataset as ds

    with explained(path):
        return ds.dataset(str(path), format="feather")


def open_arrow_stream(path: Path) -> "ds.Dataset":
    """Open an Arrow IPC stream saved in a file."""
    import pyarrow.dataset as ds

    with explained(path), pa.OSFile(str(path)) as file:
        return ds.dataset(pa.ipc.open_stream(file).read_all())


def open_contents(contents: bytes, name: str) -> "ds.Dataset":
    """Open an Arrow IPC stream or file that has already been read."""
    import pyarrow.dataset as ds

    with explained(name):
        is_file = contents.startswith(b"ARROW1")
        opened = pa.ipc.open_file(contents) if is_file else pa.ipc.open_stream(contents)
        return ds.dataset(opened.read_all())


def read(table: Table, source: str, selection: Selection) -> EmbeddingSet:
    """Read the embedding and label columns of the selected rows, and nothing else."""
    refuse_labels_file(source, selection)
    with explained(source):
        schema = table.schema
    columns = _columns(schema, source, selection)
    if selection.where:
        table = as_dataset(table)
    rows = condition(schema, source, selection)
    collected: dict[str, list[pa.Array]] = {role: [] for role in columns if role != "embedding"}
    with explained(source):
        if isinstance(table, ParquetFile):
            n_items = table.n_rows
        else:
            n_items = table.count_rows(filter=rows)
            if n_items == 0 and selection.where:
                raise nothing_selected(table, source, selection)

        def blocks() -> Iterator[AnyArray]:
            for chunks in collected.values():
                chunks.clear()  # crowded embeddings are read twice
            return vectors(_batches(table, columns, rows), collected)

        try:
            embeddings = centred_rows(blocks, n_items, selection.beside)
        except EmbeddingError as error:
            if error.row is None or not collected.get("id"):
                raise
            item = pa.chunked_array(collected["id"])[error.row].as_py()
            raise named_by_id(error, item) from error
        coded = labels(pa.chunked_array(collected["label"]), f"label ({columns['label']})")
        others = {
            name: texts(pa.chunked_array(collected[_role(name)]), name, source, selection)
            for name in selection.others(schema.names)
        }
    return EmbeddingSet.from_rows(embeddings, coded, others, with_pairs=selection.with_pairs)


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
    require_label_type(schema.field(columns["label"]))
    return columns


def _role(name: str) -> str:
    """Role of a column that is read beside the embeddings."""
    return f"column {name}"


def condition(schema: pa.Schema, source: str, selection: Selection) -> "pc.Expression | None":
    """Which rows are selected, or all."""
    if not selection.where:
        return None
    import pyarrow.compute as pc

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


def nothing_selected(dataset: "ds.Dataset", source: str, selection: Selection) -> EmbeddingError:
    """Explain that the conditions are met by no row."""
    import pyarrow.compute as pc

    column = selection.conditions()[0][0]
    values = dataset.to_table(columns={"value": pc.field(column)})["value"].unique()
    shown = ", ".join(str(value) for value in values[:_VALUES_SHOWN].to_pylist())
    more = ", …" if len(values) > _VALUES_SHOWN else ""
    return EmbeddingError(
        f"no rows of {source} match {selection.where_as_given}",
        hint=f"Column {column!r} holds: {shown}{more}.",
    )


def _batches(
    table: Table, columns: dict[str, str], rows: "pc.Expression | None"
) -> Iterator[pa.RecordBatch]:
    if isinstance(table, ParquetFile):
        return read_ahead(table.batches(columns))
    import pyarrow.compute as pc

    batches: Iterator[pa.RecordBatch] = table.to_batches(
        # Expressions, because a plain name with a dot would mean a nested field.
        columns={role: pc.field(name) for role, name in columns.items()},
        filter=rows,
        batch_size=ROWS_AT_ONCE,
        batch_readahead=2,
        fragment_readahead=1,
    )
    return batches


def read_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Read the next batch while one is being worked on."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


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
