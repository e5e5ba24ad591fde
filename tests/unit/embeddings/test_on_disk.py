"""Arrays in temporary files: what they hold, what memory they take, and what is left of them."""

import errno
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from conftest import clusters

from opiscli import EmbeddingSet, UsageError
from opiscli.embeddings.on_disk import (
    belongs_on_disk,
    fetch,
    fetch_rows,
    is_on_disk,
    release,
    require_in_memory,
    zeros_on_disk,
)
from opiscli.embeddings.row_pieces import in_order, like, pieces, taken
from opiscli.errors import OutputError

STATUS = Path("/proc/self/status")


def filled(shape, seed=0):
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    array = zeros_on_disk(shape, np.float32)
    array[...] = values
    return array, values


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", [np.float32, np.int32, np.uint8])
def test_it_begins_with_zeros_and_keeps_what_is_written(kind, folder):
    array = zeros_on_disk((700, 9), kind)
    assert (array.dtype, array.shape) == (kind, (700, 9))
    assert not array.any()
    array[600:] += kind(3)
    for _ in pieces(array):
        pass
    assert (array[600:] == 3).all()
    assert not array[:600].any()
    assert list(folder.iterdir()) == []  # from the beginning, so also when it is killed


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (1, 1)])
def test_there_may_be_next_to_nothing_in_it(shape):
    array = zeros_on_disk(shape, np.float32)
    release(array)
    assert array.shape == shape
    assert is_on_disk(array)


def test_what_is_fetched_or_not_is_the_same():
    array, values = filled((900, 700))
    release(array)
    fetch(array[100:200])
    fetch_rows(array, np.array([5, 899, 7]))
    fetch_rows(array, np.zeros(0, dtype=np.int64))
    for plain in (values, values[:0], np.zeros((3, 0))):
        fetch(plain)
        fetch_rows(plain, np.zeros(0, dtype=np.int64))
    np.testing.assert_array_equal(array, values)


def test_views_are_on_disk_and_copies_are_not():
    array, _ = filled((20, 4))
    array.flags.writeable = False
    for view in (array, array[3:5], array[3:5][:1], array.T, array.view(np.uint32)):
        assert is_on_disk(view)
        release(view[:1])
    for copy in (array[[1, 2]], array.copy(), array + 1, np.zeros(3)):
        assert not is_on_disk(copy)
        release(copy)


@pytest.mark.skipif(not STATUS.exists(), reason="memory is measured as Linux tells it")
def test_released_memory_is_given_back():
    def resident():
        (line,) = (one for one in STATUS.read_text().splitlines() if one.startswith("RssFile"))
        return int(line.split()[1]) * 1024

    array = zeros_on_disk((4096, 4096), np.float32)
    before = resident()
    for rows in pieces(array):
        array[rows] = 1
    assert resident() - before < array.nbytes / 8
    array[...] += 1
    assert resident() - before > array.nbytes / 2
    release(array[1000:])
    assert resident() - before < array.nbytes / 2
    assert (array == 2).all()


def test_rows_are_copied_to_where_they_come_from():
    array, values = filled((1500, 300))
    order = np.random.default_rng(1).permutation(1500)
    mask = order % 3 == 0
    for rows in (array, values):
        on_disk = rows is array
        for chosen in (order, order[:5], order[:0], mask):
            copy = taken(rows, chosen)
            assert is_on_disk(copy) == on_disk
            np.testing.assert_array_equal(copy, values[chosen])
        assert is_on_disk(like(rows, 3)) == on_disk
    for rows in (array, values.copy()):
        np.testing.assert_array_equal(in_order(rows, order), values[order])


def test_half_of_the_limit_is_for_embeddings():
    assert not belongs_on_disk(10**12, None)
    assert not belongs_on_disk(50, 100)
    assert belongs_on_disk(51, 100)


def test_it_says_what_does_not_fit_on_the_disk(monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for patched in (
        (shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1)),
        (os, "posix_fallocate", full),
        (tempfile, "TemporaryFile", full),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(*patched, raising=False)
            with pytest.raises(OutputError, match="file of 8 MB cannot be written: No") as no:
                zeros_on_disk((1000, 2000), np.float32)
        assert "TMPDIR" in no.value.hint
        assert "memory_limit" in no.value.hint


@pytest.mark.parametrize("code", [None, errno.EOPNOTSUPP, errno.EINVAL])
def test_where_a_file_cannot_be_reserved_it_is_written(code, monkeypatch):
    def unsupported(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", unsupported, raising=False)
    if code is None:
        monkeypatch.delattr(os, "posix_fallocate")
    array, values = filled((700, 600))
    np.testing.assert_array_equal(array, values)


def test_what_needs_embeddings_in_memory_says_how_much():
    array, values = filled((500, 1000))
    require_in_memory(values, "training a head")
    with pytest.raises(UsageError, match="training a head needs embeddings in memory") as no:
        require_in_memory(array, "training a head")
    assert "2 MB, more than half of memory_limit" in no.value.problem
    assert "memory_limit='4MB'" in no.value.hint


def test_a_set_that_may_be_in_memory_is():
    embeddings, labels = clusters()
    n_bytes = 4 * embeddings.size
    for limit, on_disk in ((None, False), (2 * n_bytes, False), (2 * n_bytes - 1, True)):
        items = EmbeddingSet.from_arrays(embeddings, labels, memory_limit=limit)
        assert is_on_disk(items.vectors) == on_disk
