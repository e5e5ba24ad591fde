"""Executors: anything with ``submit``, from threads of this process to a cluster."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from threadpoolctl import threadpool_limits

Task = TypeVar("Task")
Result = TypeVar("Result")


class Executor(Protocol):
    """The interface of `concurrent.futures`, which Dask, Ray and MPI also provide."""

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> "Future[Any]":  # noqa: ANN401
        """Start a call and return its future."""


@contextmanager
def threads(n: int) -> Iterator[Executor]:
    """A pool of threads in which each matrix product uses one thread.

    The tasks are the threads: the same task then has the same bits however many there are.
    """
    pool = ThreadPoolExecutor(n)
    try:
        with threadpool_limits(1, "blas"):
            yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def results(
    executor: Executor, work: Callable[[Task], Result], tasks: Iterable[Task], *, ahead: int
) -> Iterator[tuple[Task, Result]]:
    """Apply a function to every task and yield the results in the order of the tasks.

    Parameters
    ----------
    ahead
        How many tasks may be under way or waiting to be handed out.
    """
    waiting: deque[tuple[Task, Future[Result]]] = deque()
    todo = iter(tasks)
    while True:
        while len(waiting) < ahead:
            try:
                task = next(todo)
            except StopIteration:
                break
            waiting.append((task, executor.submit(work, task)))
        if not waiting:
            return
        task, future = waiting.popleft()
        yield task, future.result()
