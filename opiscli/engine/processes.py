"""Workers in other processes of this machine, or of machines that share a folder with it.

Large arrays are written to a temporary file once, which every worker maps into its memory: the
workers of one machine share one copy. The folder is that of ``TMPDIR``.
"""

import mmap
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import IO, Any

import numpy as np

from opiscli.arrays import AnyArray
from opiscli.atomic_file import temporary_file
from opiscli.embeddings.on_disk import is_on_disk
from opiscli.embeddings.row_pieces import pieces
from opiscli.engine.executors import Run
from opiscli.engine.read_by_workers import Origins, ReadByWorker, keep_only
from opiscli.engine.remote import Answer, answer, packed
from opiscli.engine.traffic import Traffic
from opiscli.errors import ClusterError
from opiscli.settings.resources import Executor
from opiscli.settings.version import __version__


class LocalProcesses:
    """Processes of this machine; those that are lost are replaced.

    Parameters
    ----------
    n
        How many there are.
    """

    def __init__(self, n: int) -> None:
        self.num_workers = n
        self.replaces_lost = True
        self.traffic = Traffic()
        self._pool = self._start()

    def __str__(self) -> str:
        n = self.num_workers
        return "1 process of this machine" if n == 1 else f"{n} processes of this machine"

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> "Future[Any]":  # noqa: ANN401
        """Start a call; if a process was lost, in a new set of processes."""
        try:
            return self._pool.submit(fn, *args)
        except BrokenExecutor:
            self._pool.shutdown(wait=False)
            self._pool = self._start()
            return self._pool.submit(fn, *args)

    def stop(self) -> None:
        """End all processes, whatever they are doing."""
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()

    def _start(self) -> ProcessPoolExecutor:
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(self.num_workers, context, initializer=_start_process)
        for _ in range(self.num_workers):  # they start while the source is being read
            pool.submit(_do_nothing)
        return pool


def _do_nothing() -> None:
    pass


def _start_process() -> None:
    """Leave interruptions to the parent, and end with it.

    If it was killed, its temporary file is removed here.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        for file in tuple(_mapped):
            with suppress(OSError):
                os.unlink(file)
        os._exit(1)


@dataclass(frozen=True, slots=True)
class MappedArray:
    """Where an array is in a file."""

    start: int
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MappedReading:
    """How a worker reads an array itself, and where in a file it says which rows are meant.

    What reads it may know a password, which is not written to the file.
    """

    whole: ReadByWorker
    positions: MappedArray | None

    def opened(self, file: str) -> ReadByWorker:
        """The same in the process of a worker."""
        if self.positions is None:
            return self.whole
        return replace(self.whole, positions=_opened(file, self.positions))


@dataclass(frozen=True, slots=True, eq=False)
class ProcessWorkers:
    """Workers of any executor whose processes can read a temporary file of this one.

    Parameters
    ----------
    executor
        Anything with ``submit``.
    n_apart
        How many tasks it runs at the same time.
    file
        Where arrays are written.
    traffic
        Told what is sent and received.
    origins
        Arrays that workers read themselves.
    """

    executor: Executor
    n_apart: int
    file: Path
    traffic: Traffic
    origins: Origins
    _written: dict[int, tuple[AnyArray, MappedArray]] = field(default_factory=dict)

    @property
    def ahead(self) -> int:
        """Two tasks per process, so that none waits for the next."""
        return 2 * self.n_apart

    @contextmanager
    def applying(self, work: Callable[[Any], Any]) -> Iterator[Run]:
        """Write the arrays of a function that are not in the file yet."""
        parts = packed(work, self.origins)
        arrays = tuple(self._given(one) for one in parts.arrays)
        yield _ProcessRun(self, _Call(__version__, str(self.file), parts.contents, arrays))

    def _given(self, part: AnyArray | ReadByWorker) -> MappedArray | MappedReading:
        if not isinstance(part, ReadByWorker):
            return self._mapped(part)
        rows = part.positions
        return MappedReading(
            replace(part, positions=None), None if rows is None else self._mapped(rows)
        )

    def _mapped(self, array: AnyArray) -> MappedArray:
        if id(array) not in self._written:
            with self.file.open("ab") as file:
                file.write(bytes(-file.tell() % mmap.ALLOCATIONGRANULARITY))
                start = file.tell()
                _write(array, file)
            self.traffic.sent(array.nbytes)
            # The array is kept, so that no other gets its id.
            self._written[id(array)] = array, MappedArray(start, array.dtype.str, array.shape)
        return self._written[id(array)][1]


def _write(array: AnyArray, file: IO[bytes]) -> None:
    """Write an array; of a matrix on disk, few rows are in memory at a time."""
    if array.ndim != 2 or not is_on_disk(array):
        np.ascontiguousarray(array).tofile(file)
        return
    for rows in pieces(array):
        array[rows].tofile(file)


@dataclass(frozen=True, slots=True)
class _ProcessRun:
    workers: ProcessWorkers
    call: "_Call"

    def submit(self, task: Any) -> Any:  # noqa: ANN401
        try:
            return self.workers.executor.submit(self.call, task)
        except BrokenExecutor as failure:
            raise _lost() from failure

    def result(self, future: Any) -> Any:  # noqa: ANN401
        return self.workers.traffic.received(future.result())

    def recover(self, failure: BaseException) -> None:
        if not isinstance(failure, BrokenExecutor):
            raise failure
        if not getattr(self.workers.executor, "replaces_lost", False):
            raise _lost() from failure

    def check(self) -> None:
        pass


def _lost() -> ClusterError:
    return ClusterError(
        "a worker process ended before its work was done",
        hint="It may have run out of memory: use fewer processes, or a machine with more memory.",
    )


@dataclass(frozen=True, slots=True)
class _Call:
    """A function whose arrays are in a file; called with a task, in the process of a worker."""

    version: str
    file: str
    contents: bytes
    arrays: tuple[MappedArray | MappedReading, ...]

    def __call__(self, task: object) -> Answer:
        given = [
            one.opened(self.file) if isinstance(one, MappedReading) else _opened(self.file, one)
            for one in self.arrays
        ]
        keep_only([one for one in given if isinstance(one, ReadByWorker)])
        return answer(self.version, self.contents, given, task)


_mapped: dict[str, dict[MappedArray, AnyArray]] = {}
"""In the process of a worker: arrays of the file that it read last."""


def _opened(file: str, array: MappedArray) -> AnyArray:
    if file not in _mapped:
        _mapped.clear()  # the space of a removed file is free when nobody maps it
    known = _mapped.setdefault(file, {})
    if array not in known:
        known[array] = np.asarray(np.memmap(file, array.dtype, "r", array.start, array.shape))
    return known[array]


@contextmanager
def process_workers(executor: Executor, n: int, origins: Origins) -> Iterator[ProcessWorkers]:
    """Workers of an executor, with a temporary file for as long as a count takes."""
    with temporary_file() as file:
        traffic = getattr(executor, "traffic", None) or Traffic()
        yield ProcessWorkers(executor, n, file, traffic, origins)
