"""Rows that arrive once are kept in a file without a name, and can be read again."""

import tempfile
import threading

import numpy as np
import pyarrow as pa
import pytest

from opiscli.errors import SourceError
from opiscli.sources.spooled import spool
from opiscli.sources.table import read_ahead

TABLE = pa.table(
    {"a": np.arange(10_000), "b": [str(at) for at in range(10_000)], "c": [1.5] * 10_000}
)


def batches():
    yield TABLE.to_batches()[0].slice(0, 0)  # only tells the schema
    yield from TABLE.to_batches(max_chunksize=3000)


def test_columns_are_read_again_and_at_the_same_time(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spooled = spool(batches(), "query")
    assert list(tmp_path.iterdir()) == []
    assert (spooled.n_rows, spooled.schema) == (10_000, TABLE.schema)
    both = list(zip(spooled.batches(["c", "a"]), spooled.batches(["b"]), strict=True))
    assert pa.Table.from_batches(one for one, _ in both).equals(TABLE.select(["c", "a"]))
    assert pa.Table.from_batches(other for _, other in both).equals(TABLE.select(["b"]))


def test_a_full_disk_is_explained():
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(SourceError, match=r"cannot be kept in .*: File too large") as found:
            spool(batches(), "query")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "TMPDIR" in found.value.hint


def test_what_is_read_ahead_is_cancelled_when_no_more_is_wanted():
    cancelled = threading.Event()

    def slow():
        yield 1
        assert cancelled.wait(30)

    reading = read_ahead(slow(), cancelled.set)
    assert next(reading) == 1
    reading.close()
    assert cancelled.is_set()
