"""The evaluation file, ``.opis``: counts without embeddings, as one Arrow IPC file.

One row a class: its label, its items and pairs, its pairs in the bins between thresholds,
the sums over its items that the noise floor needs, and its hits among neighbours. What
belongs to all classes is JSON in the schema's metadata. Nothing in it is ever executed.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from opiscli.arrays import FloatArray, IntArray
from opiscli.atomic_file import whole_file
from opiscli.counts.counts import CountedSet, Counts
from opiscli.counts.min_items import with_min_items
from opiscli.counts.pair_counts import BinnedCounts, ClassBins, SpreadCounts
from opiscli.distance import Distance
from opiscli.errors import SourceError, UsageError
from opiscli.results import Data
from opiscli.settings.evaluation import EvaluationSettings, RangeBy, RangeRequest, Utility
from opiscli.version import __version__

SCHEMA = "opis.counts/1"

_KEY = b"opis"
_SPREAD = ("positive_adjacent", "negative_squares", "cross_products")
_HITS = "hits:"


def is_evaluation(file: Path | bytes) -> bool:
    """Whether a file, or its contents, is an evaluation file."""
    try:
        return _KEY in (pa.ipc.open_file(_buffer(file)).schema.metadata or {})
    except (pa.ArrowException, OSError):
        return False


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
        If it is cut off, damaged or of a later version: its counts must add up.
    """
    with _explained(name):
        table = pa.ipc.open_file(_buffer(file)).read_all().combine_chunks()
        about = json.loads(table.schema.metadata[_KEY])
        if about["schema"] != SCHEMA:
            raise SourceError(
                f"{name} is {about['schema']!r}, expected {SCHEMA!r}",
                hint=f"It was written by opis {about['opis_version']}; this is {__version__}.",
            )
        return _run(table, about)


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
        "n_items": table.class_sizes,
        "n_queries": counted.queries,
        "positive_pairs": table.positive_pairs,
        "negative_pairs": table.negative_pairs,
        **_bin_columns("positive", table.positive),
        **_bin_columns("negative", table.negative),
    }
    if counted.for_noise is not None:
        for name in _SPREAD:
            columns[name] = _rows(getattr(counted.for_noise, name))
    for name, sums in counted.retrieval.items():
        columns[f"{_HITS}{name}"] = sums
    written = pa.table(columns).replace_schema_metadata({_KEY: json.dumps(_about(run, counted))})
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(sink, written.schema, options=options) as writer:
        writer.write_table(written)
    return bytes(sink.getvalue())


def _buffer(file: Path | bytes) -> pa.NativeFile:
    return pa.BufferReader(file) if isinstance(file, bytes) else pa.memory_map(os.fsencode(file))


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
        "grid": None if counted.grid is None else counted.grid.tolist(),
        "noise_thresholds": None if noise is None else noise.thresholds.tolist(),
        "thresholds": table.thresholds.tolist(),
    }


def _bin_columns(name: str, of: ClassBins) -> dict[str, pa.Array]:
    return {
        f"{name}_bins": pa.LargeListArray.from_arrays(of.starts, of.bins),
        f"{name}_counts": pa.LargeListArray.from_arrays(of.starts, of.pairs),
    }


def _rows(table: IntArray) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(table.ravel(), table.shape[1])


def _run(table: pa.Table, about: dict[str, Any]) -> CountedSet:
    thresholds = np.array(about["thresholds"], dtype=np.float64)
    increasing = np.all(np.diff(thresholds) > 0) and thresholds[0] >= 0 and thresholds[-1] <= 2
    if not increasing:
        raise ValueError("its thresholds are not increasing distances")
    binned = BinnedCounts(
        thresholds=thresholds,
        class_sizes=_integers(table, "n_items"),
        positive_pairs=_integers(table, "positive_pairs"),
        negative_pairs=_integers(table, "negative_pairs"),
        positive=_class_bins(table, "positive", len(thresholds)),
        negative=_class_bins(table, "negative", len(thresholds)),
        ends=int(about["ends"]),
    )
    _require_sums(binned)
    noise = about["noise_thresholds"]
    counted = Counts(
        queries=_integers(table, "n_queries"),
        names=tuple(table["label"].to_pylist()),
        kernel=str(about["kernel"]),
        pooled=binned.pooled,
        table=binned,
        grid=None if about["grid"] is None else np.array(about["grid"], dtype=np.float64),
        for_noise=None if noise is None else _spread(table, binned, np.array(noise)),
        retrieval={
            name.removeprefix(_HITS): table[name].to_numpy().astype(np.float64)
            for name in table.column_names
            if name.startswith(_HITS)
        },
    )
    if counted.grid is not None:
        counted.at(counted.grid)
    found = CountedSet(
        counted=counted,
        data=Data(**{**about["data"], "where": tuple(about["data"]["where"])}),
        n_conflicts=int(about["n_conflicts"]),
        settings=_settings(about["settings"]),
    )
    return with_min_items(found)


def _settings(plain: dict[str, Any]) -> EvaluationSettings:
    asked = plain["calibration_range"]
    return EvaluationSettings(
        **{
            **plain,
            "distance": Distance(plain["distance"]),
            "calibration_range": RangeRequest(RangeBy(asked["by"]), asked["lo"], asked["hi"]),
            "utility": Utility(plain["utility"]),
            "ks": tuple(plain["ks"]),
        }
    )


def _integers(table: pa.Table, name: str) -> IntArray:
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _class_bins(table: pa.Table, name: str, n_bins: int) -> ClassBins:
    bins, counts = (table[f"{name}_{part}"].combine_chunks() for part in ("bins", "counts"))
    starts = np.asarray(bins.offsets.to_numpy(), dtype=np.int64)
    of = ClassBins(
        starts,
        bins.values.to_numpy(),
        counts.values.to_numpy(),
    )
    # Anything else would be a wild index or a negative count further on.
    integers = of.bins.dtype.kind in "iu" and of.pairs.dtype.kind in "iu"
    matching = integers and len(of.bins) == len(of.pairs) == starts[-1]
    if not matching or (
        len(of.bins) and (of.bins.min() < 0 or of.bins.max() >= n_bins or of.pairs.min() < 0)
    ):
        raise ValueError(f"its {name} bins do not match its thresholds")
    return of


def _spread(table: pa.Table, binned: BinnedCounts, thresholds: FloatArray) -> SpreadCounts:
    at = binned.at(thresholds)
    sums = {
        name: table[name].combine_chunks().flatten().to_numpy().reshape(-1, len(thresholds))
        for name in _SPREAD
    }
    return SpreadCounts(
        thresholds=thresholds,
        class_sizes=at.class_sizes,
        positive_pairs=at.positive_pairs,
        negative_pairs=at.negative_pairs,
        positive=at.positive,
        negative=at.negative,
        ends=at.ends,
        **sums,
    )


def _require_sums(table: BinnedCounts) -> None:
    """Verify sums that a truncated or changed file is unlikely to satisfy."""
    for name in ("positive", "negative"):
        total = getattr(table, name).of_each_class()
        if not np.array_equal(total, getattr(table, f"{name}_pairs")):
            raise ValueError(f"the {name} pairs of its classes do not add up")


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
        UsageError,
    ) as cause:
        reason = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
        raise SourceError(
            f"{name} cannot be read as an evaluation file: {reason}",
            hint="It may be cut off or damaged; write it again with opis evaluate --save.",
        ) from cause
