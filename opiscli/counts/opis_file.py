"""The evaluation file, ``.opis``: counts without embeddings, as one Arrow IPC file.

One row a class: its label, its items and pairs, its pairs in the bins between thresholds,
the sums over its items that the noise floor needs, its hits among neighbours, and its searches
in the same bins, which files of earlier versions do not have. What belongs to all classes is JSON
in the schema's metadata, beside a digest of the file. Nothing in it is ever executed.
"""

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from opiscli.arrays import IntArray
from opiscli.atomic_file import whole_file
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.columns import HITS, HITS_AT, NEAREST_OTHER, SPREAD, counted_set
from opiscli.counts.counts import CountedSet, Counts
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.counts.seal import UNSEALED, is_intact, sealed
from opiscli.errors import OpisWarning, SourceError, UsageError
from opiscli.results.json_text import read_json
from opiscli.settings.version import __version__

SCHEMA = "opis.counts/2"
_UNSEALED_SCHEMA = "opis.counts/1"
"""Of opis 0.1.0 and 0.2.0, whose files have no digest."""

_KEY = b"opis"
_SEAL = b"opis.sha256"
_CLUSTERS = b"opis.clusters"
"""Where pairs have clusters: a table of the same kind with a row for each."""


def is_evaluation(file: Path | bytes) -> bool:
    """Whether a file, or its contents, is an evaluation file."""
    try:
        found = pa.ipc.open_file(_buffer(file)).schema.metadata or {}
    except (pa.ArrowException, OSError):
        return False
    return _KEY in found or _SEAL in found


def read(file: Path | bytes, name: str) -> CountedSet:
    """Read an evaluation file.

    Parameters
    ----------
    file
        Where it is, or its contents.
    name
        What to call it in messages.

    Raises
    ------
    SourceError
        If it is cut off, damaged or of a later version: its digest must match, and its counts
        must add up.

    Warns
    -----
    OpisWarning
        If it was written by opis 0.1.0 or 0.2.0, without a digest.
    """
    with _explained(name):
        contents = file if isinstance(file, bytes) else file.read_bytes()
        opened = pa.ipc.open_file(pa.BufferReader(contents))
        metadata = opened.schema.metadata
        about, clusters = _verified(contents, metadata, name), metadata.get(_CLUSTERS)
        within = None if clusters is None else pa.ipc.open_file(pa.BufferReader(clusters))
        return counted_set(_complete(opened), about, None if within is None else _complete(within))


def write(run: CountedSet, path: Path, *, force: bool = False) -> None:
    """Write the counts of a run to a file, whole or not at all.

    Raises
    ------
    UsageError
        If the file exists and ``force`` is not set.
    OutputError
        If it cannot be written.
    """
    with whole_file(path, force=force) as temporary:
        temporary.write_bytes(to_bytes(run))


def to_bytes(run: CountedSet) -> bytes:
    """Contents of an evaluation file."""
    counted = run.of_all or run.counted
    table = counted.table
    if not isinstance(table, BinnedCounts):
        raise TypeError("only complete counts can be saved")
    columns = {
        "label": pa.array(counted.names, pa.large_string()),
        "n_queries": counted.queries,
        **_columns(table),
    }
    if counted.for_noise is not None:
        for name in SPREAD:
            columns[name] = _rows(getattr(counted.for_noise, name))
    if counted.searches is not None:
        columns |= _bin_columns(NEAREST_OTHER, counted.searches.nearest_other)
        columns |= _bin_columns(HITS_AT, counted.searches.hits)
    for name, sums in counted.retrieval.items():
        columns[f"{HITS}{name}"] = sums
    metadata: dict[bytes, bytes | str] = {
        _KEY: json.dumps(_about(run, counted), allow_nan=False),
        _SEAL: UNSEALED,
    }
    if table.clusters is not None:
        metadata[_CLUSTERS] = _written(pa.table(_columns(table.clusters)))
    return sealed(_written(pa.table(columns).replace_schema_metadata(metadata)))


def _written(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _buffer(file: Path | bytes) -> pa.NativeFile:
    return pa.BufferReader(file) if isinstance(file, bytes) else pa.OSFile(os.fsencode(file))


def _verified(contents: bytes, metadata: dict[bytes, bytes], name: str) -> dict[str, Any]:
    """The description of all classes, if the file is as it was written."""
    seal = metadata.get(_SEAL)
    if seal is not None and not is_intact(contents, seal):
        raise ValueError("its contents do not match its digest, so it was changed or damaged")
    about: dict[str, Any] = read_json(metadata[_KEY])
    schema = about["schema"]
    if schema not in (SCHEMA, _UNSEALED_SCHEMA):
        raise SourceError(
            f"{name} is {str(schema)[:40]!r}, expected {SCHEMA!r}",
            hint=f"It was written by opis {str(about['opis_version'])[:40]}; this is"
            f" {__version__}.",
        )
    if seal is None and schema == SCHEMA:
        raise ValueError("it has no digest")
    if seal is None:
        warnings.warn(
            f"{name} was written by opis {str(about['opis_version'])[:40]} without a digest, so"
            " damage to it may go unnoticed; evaluate the embeddings again to have one",
            OpisWarning,
            stacklevel=4,
        )
    return about


def _complete(opened: pa.ipc.RecordBatchFileReader) -> pa.Table:
    """All rows, with every offset and every text verified and no value missing."""
    table = opened.read_all()
    table.validate(full=True)
    table = table.combine_chunks()
    for column in table.columns:
        chunks = column.chunks
        parts = [*chunks, *(chunk.values for chunk in chunks if hasattr(chunk, "values"))]
        if any(part.null_count for part in parts):
            raise ValueError("it has missing values")
    return table


def _about(run: CountedSet, counted: Counts) -> dict[str, Any]:
    table, noise = counted.table, counted.for_noise
    return {
        "schema": SCHEMA,
        "opis_version": __version__,
        "signature": run.settings.signature(__version__),
        "settings": asdict(run.settings),
        "data": asdict(run.data),
        "n_conflicts": run.n_conflicts,
        "kernel": counted.kernel,
        "ends": table.ends,
        "has_classes": table.has_classes,
        "has_every_score": counted.has_every_score,
        "doubts": [(one.code, one.message) for one in run.doubts],
        "grid": None if counted.grid is None else counted.grid.tolist(),
        "noise_thresholds": None if noise is None else noise.thresholds.tolist(),
        "thresholds": table.thresholds.tolist(),
    }


def _columns(table: BinnedCounts) -> dict[str, Any]:
    return {
        "n_items": table.class_sizes,
        "positive_pairs": table.positive_pairs,
        "negative_pairs": table.negative_pairs,
        **_bin_columns("positive", table.positive),
        **_bin_columns("negative", table.negative),
    }


def _bin_columns(name: str, of: ClassBins) -> dict[str, pa.Array]:
    return {
        f"{name}_bins": pa.LargeListArray.from_arrays(of.starts, of.bins),
        f"{name}_counts": pa.LargeListArray.from_arrays(of.starts, of.pairs),
    }


def _rows(table: IntArray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(table.ravel(), table.shape[1])


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RecursionError,
        UsageError,
    ) as cause:
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise SourceError(
            f"{name} cannot be read as an evaluation file: {reason}",
            hint="It may be cut off or damaged; write it again with opis evaluate --save.",
        ) from cause
