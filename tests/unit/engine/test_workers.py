"""Counting on other processes: what they are given, and what is lost with one of them."""

import os
import pickle
import signal
import time
from concurrent.futures import BrokenExecutor, Future

import numpy as np
import pytest
from conftest import clusters, coarse_grid
from counted import cut_into, within

import opiscli
from opiscli import EmbeddingSet
from opiscli.distance import Distance
from opiscli.engine import count as counting
from opiscli.engine import pool as pooling
from opiscli.engine import portions, read_by_workers, remote, tiles
from opiscli.engine.bins import Bins
from opiscli.engine.executors import threads
from opiscli.engine.kernels import NUMPY
from opiscli.engine.processes import LocalProcesses
from opiscli.engine.read_by_workers import Origins
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace
from opiscli.engine.workers import workers_of
from opiscli.errors import ClusterError
from opiscli.settings.resources import Origin, Resources


class Elsewhere:
    """An executor whose tasks are pickled, as on their way to another process."""

    def __init__(self, n=2):
        self.num_workers = n

    def submit(self, fn, /, *args):
        future = Future()
        try:
            fn, args = pickle.loads(pickle.dumps((fn, args)))
            future.set_result(fn(*args))
        except Exception as failure:
            future.set_exception(failure)
        return future


class Lossy(Elsewhere):
    """Loses every third task, first before it is run and then after."""

    replaces_lost = True
    n_calls = 0

    def submit(self, fn, /, *args):
        self.n_calls += 1
        if self.n_calls % 3:
            return super().submit(fn, *args)
        if self.n_calls % 2:
            fn(*args)
        future = Future()
        future.set_exception(BrokenExecutor("a process ended"))
        return future


def spaces(n_items=300):
    items = EmbeddingSet.from_arrays(*coarse_grid(3, n_items=n_items, n_classes=24))
    side, n_classes = Side.of(items), items.n_classes
    drawn = np.arange(0, n_items, 7)
    return {
        "within": PairSpace.within(side, n_classes),
        "same class": PairSpace.within(side, n_classes, same_class_only=True),
        "across": PairSpace.across(side, side[drawn], n_classes),
        "sampled": PairSpace.sampled(side, side[drawn], n_classes),
    }


def counts_of(space, executor):
    bins = Bins(np.linspace(0.2, 1.6, 12), Distance.EUCLIDEAN)
    with workers_of(Resources(2, 1 << 30, executor)) as workers:
        tally = counting.count(
            space, bins, items_at=np.array([2, 7]), kernel=NUMPY, workers=workers
        )
        # Nothing is planned from the pairs of a class alone.
        pooled = (
            None if space.same_class_only else pooling.pool(space, n_lowest=50, workers=workers)
        )
    parts = [one for one in (tally, tally.row_items, tally.column_items, pooled) if one]
    return [
        value
        for one in parts
        for name in one.__dataclass_fields__
        if isinstance(value := getattr(one, name), np.ndarray)
    ]


@pytest.mark.parametrize("name", spaces())
@pytest.mark.parametrize("n_workers", [1, 40])
def test_tasks_cover_every_pair_once(name, n_workers, monkeypatch):
    """One worker is given joined blocks, forty are given parts of blocks."""
    monkeypatch.setattr(portions, "_STEP", 8)
    monkeypatch.setattr(portions, "_PER_WORKER", 2)
    space = spaces()[name]
    blocks = space.blocks(32)
    tasks = portions.portions(space, blocks, n_workers)
    assert (len(tasks) < len(blocks)) if n_workers == 1 else len(tasks) > len(blocks)
    seen = np.zeros((len(space.rows), len(space.columns)), dtype=int)
    for task in tasks:
        assert task.n_pairs == sum(part.n_pairs for part in task.parts or (task,))
        for part in task.parts or (task,):
            for tile in tiles.tiles(space, part):
                pairs = np.arange(len(tile.columns)) >= (
                    tile.first + np.arange(len(tile.rows))[:, None]
                )
                rows = slice(tile.row_start, tile.row_start + len(tile.rows))
                columns = slice(tile.column_start, tile.column_start + len(tile.columns))
                seen[rows, columns] += pairs & np.isfinite(tile.products)
    assert seen.max() == 1
    if not space.same_class_only:
        assert seen.sum() == space.n_pairs
    else:
        same = space.rows.codes[:, None] == space.columns.codes
        assert (seen & same).sum() == space.positive_pairs.sum()
    assert [task.n_pairs for task in tasks] == sorted((t.n_pairs for t in tasks), reverse=True)


def test_blocks_are_cut_only_between_tiles():
    """Every matrix product is then the same as in one process, to the bit."""
    space = spaces()["within"]
    whole = [counting.Block(slice(7, 9000), slice(9000, 20000), 1)]
    for task in portions._pieces(space, whole[0], 2048):
        assert (task.rows.start - 7) % tiles.ROWS == 0
        assert (task.columns.start - 9000) % tiles.COLUMNS == 0


@pytest.mark.parametrize(
    "executor",
    [Elsewhere(1), Elsewhere(30), Lossy()],
    ids=["in turn", "all at once", "with losses"],
)
@pytest.mark.parametrize("name", spaces())
def test_counts_are_those_of_one_process(name, executor, monkeypatch):
    cut_into(monkeypatch, 24)
    monkeypatch.setattr(portions, "_STEP", 8)
    monkeypatch.setattr(portions, "_PER_WORKER", 2)
    space = spaces()[name]
    for ours, theirs in zip(counts_of(space, None), counts_of(space, executor), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_worker_that_is_lost_each_time_is_explained():
    class Broken(Elsewhere):
        def submit(self, fn, /, *args):
            future = Future()
            future.set_exception(BrokenExecutor("a process ended"))
            return future

    with pytest.raises(ClusterError, match="ended before its work was done"):
        counts_of(spaces()["within"], Broken())


def test_failures_of_a_task_are_not_repeated(monkeypatch):
    def fail(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(remote, "unpacked", fail)
    with pytest.raises(MemoryError, match="no room"):
        counts_of(spaces()["within"], Lossy())


def test_large_arrays_are_sent_once_and_apart():
    items = EmbeddingSet.from_arrays(*clusters(n_classes=400, dims=64, sizes=(4, 9)))
    space = within(items)
    parts = remote.packed(space.blocks)
    assert [array.nbytes for array in parts.arrays] == [items.vectors.nbytes]
    assert parts.arrays[0] is items.vectors
    assert len(parts.contents) < 100_000
    again = remote.unpacked(parts.contents, parts.arrays)(500)
    assert again == space.blocks(500)


class Again:
    """Reads what it was made of."""

    name = "e.npy"

    def __init__(self, array):
        self._array = array

    def read(self):
        return self._array.copy()


def test_only_what_workers_can_read_is_not_sent():
    vectors = np.arange(40.0).reshape(10, 4)
    origins = Origins((Origin(vectors, Again(vectors)),))
    ids = np.array([1, 4, 9])
    whole, some = origins.described(vectors, None), origins.described(vectors[ids], ids)
    np.testing.assert_array_equal(whole.array, vectors)
    np.testing.assert_array_equal(some.array, vectors[ids])
    for array, rows in (
        (vectors + 1, np.arange(10)),
        (vectors[ids], ids + 1),
        (vectors[ids], np.array([1, 4])),
        (vectors[ids], None),
        (vectors[ids].astype(np.float32), ids),
    ):
        assert origins.described(array, rows) is array


def test_what_is_not_used_for_a_while_is_dropped(monkeypatch):
    monkeypatch.setattr(read_by_workers, "_SECONDS_UNUSED", 0.01)
    kept = read_by_workers._Kept()
    vectors = np.ones((3, 2))
    kept.rows(Origins((Origin(vectors, Again(vectors)),)).described(vectors, None))
    deadline = time.monotonic() + 10
    while kept._arrays and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not kept._arrays


def test_arrays_from_a_network_are_aligned_and_equal():
    array = np.arange(12.0).reshape(3, 4)
    buffers = []
    sent = pickle.dumps(remote.Aligned(array[:, ::2]), protocol=5, buffer_callback=buffers.append)
    moved = bytearray(b"x" + b"".join(buffers))
    found = pickle.loads(sent, buffers=[memoryview(moved)[1:]]).array
    assert found.flags.aligned
    np.testing.assert_array_equal(found, array[:, ::2])


def test_a_worker_with_another_version_refuses_to_count():
    with pytest.raises(ClusterError) as refused:
        remote.answer("0.0.1", b"", [], None)
    assert opiscli.__version__ in str(refused.value)
    assert "0.0.1" in str(refused.value)


def test_processes_that_are_lost_are_replaced(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(counting, "block_side", lambda _: 40)
    space = spaces()["within"]
    processes = LocalProcesses(2)
    killed = []

    def kill_one(stage, done, total):
        if not killed:
            killed.extend(processes._pool._processes)
            os.kill(killed[0], signal.SIGKILL)

    bins = Bins(np.linspace(0.2, 1.6, 12), Distance.EUCLIDEAN)
    try:
        with workers_of(Resources(2, 1 << 30, processes)) as workers:
            found = counting.count(space, bins, kernel=NUMPY, workers=workers, on_progress=kill_one)
            assert list(tmp_path.iterdir())
    finally:
        processes.stop()
    with threads(1) as workers:
        expected = counting.count(space, bins, kernel=NUMPY, workers=workers)
    np.testing.assert_array_equal(found.negative, expected.negative)
    np.testing.assert_array_equal(found.positive, expected.positive)
    assert killed
    assert not list(tmp_path.iterdir())
    assert {pid for _, pid in processes.traffic.memory} - set(killed)  # a new one has answered
    assert "worker processes" in str(processes.traffic)
