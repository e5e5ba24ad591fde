"""Runs the tasks of a count on threads of this process, or on anything else that has ``submit``."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

from opiscli.errors import ClusterError
from opiscli.settings.resources import Executor

Task = TypeVar("Task")
Result = TypeVar("Result")

_SECONDS_BETWEEN_CHECKS = 5.0
_MOST_ATTEMPTS = 4
"""So often a task is tried whose worker is lost each time."""


class Run(Protocol):
    """One function that is applied to many tasks."""

    def submit(self, task: Any) -> Any:  # noqa: ANN401
        """Start a task and return its future."""

    def result(self, future: Any) -> Any:  # noqa: ANN401
        """Return the result of a future that is done."""

    def recover(self, failure: BaseException) -> None:
        """Raise the failure of a task, unless its worker was lost and it can be tried again."""

    def check(self) -> None:
        """Raise `ClusterError` if nothing is left to wait for; called now and then."""


class Workers(Protocol):
    """What tasks run on."""

    @property
    def ahead(self) -> int:
        """How many tasks may be under way or waiting to be started."""

    @property
    def n_apart(self) -> int:
        """How many tasks run at the same time in other processes; 0 where all run in this one."""

    def applying(self, work: Callable[[Any], Any]) -> AbstractContextManager[Run]:
        """Make a function known to all workers, once for all tasks."""


@dataclass(frozen=True, slots=True)
class InProcess:
    """Workers that share the memory of this process."""

    executor: Executor
    ahead: int
    n_apart: int = 0

    @contextmanager
    def applying(self, work: Callable[[Any], Any]) -> Iterator[Run]:
        """Nothing has to be sent anywhere."""
        yield _RunInProcess(self.executor, work)


@dataclass(frozen=True, slots=True)
class _RunInProcess:
    executor: Executor
    work: Callable[[Any], Any]

    def submit(self, task: Any) -> Any:  # noqa: ANN401
        return self.executor.submit(self.work, task)

    def result(self, future: Any) -> Any:  # noqa: ANN401
        return future.result()

    def recover(self, failure: BaseException) -> None:
        raise failure

    def check(self) -> None:
        pass


@contextmanager
def threads(n: int) -> Iterator[Workers]:
    """A pool of threads in which each matrix product uses one thread.

    The tasks are the threads: the same task then has the same bits however many there are.
    """
    pool = ThreadPoolExecutor(n)
    try:
        with threadpool_limits(1, "blas"):
            yield InProcess(pool, n + 1)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def results(
    workers: Workers, work: Callable[[Task], Result], tasks: Iterable[Task]
) -> Iterator[tuple[Task, Result]]:
    """Apply a function to every task and yield each result once, in any order.

    A task whose worker was lost is started again. Its result is yielded only if it arrives, so
    nothing is counted twice.
    """
    with workers.applying(work) as run:
        started = _Started(run)
        try:
            for task in tasks:
                if len(started.waiting) >= workers.ahead:
                    yield started.next_result()
                started.start(task)
            while started.waiting:
                yield started.next_result()
        finally:
            started.cancel()


def given_up() -> ClusterError:
    """Explain that a task lost its worker each time."""
    return ClusterError(
        "a task was given up after several workers were lost while they ran it",
        hint="They may have run out of memory: use fewer threads per worker, or machines with"
        " more memory.",
    )


class _Started:
    """Tasks that are under way."""

    def __init__(self, run: Run) -> None:
        self.waiting: dict[int, tuple[Any, int, Any]] = {}
        self._run = run
        self._done: SimpleQueue[int] = SimpleQueue()
        self._numbers = count()

    def start(self, task: object, attempt: int = 1) -> None:
        future, number = self._run.submit(task), next(self._numbers)
        self.waiting[number] = task, attempt, future
        future.add_done_callback(lambda _: self._done.put(number))

    def next_result(self) -> tuple[Any, Any]:
        """Wait for any task; one whose worker was lost is started again."""
        while True:
            task, attempt, future = self.waiting.pop(self._next_done())
            try:
                return task, self._run.result(future)
            except Exception as failure:
                self._run.recover(failure)
                if attempt >= _MOST_ATTEMPTS:
                    raise given_up() from failure
            self.start(task, attempt + 1)

    def cancel(self) -> None:
        for *_, future in self.waiting.values():
            future.cancel()

    def _next_done(self) -> int:
        while True:
            try:
                return self._done.get(timeout=_SECONDS_BETWEEN_CHECKS)
            except Empty:
                self._run.check()
