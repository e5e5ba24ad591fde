"""The workers that a count uses: threads of this process, or those of an executor."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from opiscli.engine.executors import InProcess, Workers, threads
from opiscli.engine.read_by_workers import Origins
from opiscli.settings.resources import Executor, Resources


@contextmanager
def workers_of(resources: Resources) -> Iterator[Workers]:
    """Workers for one count; what they are sent is released at the end."""
    executor = resources.executor
    if executor is None:
        with threads(resources.threads) as workers:
            yield workers
    elif isinstance(executor, ThreadPoolExecutor):
        yield InProcess(executor, 2 * _n_workers(executor, resources))
    elif is_dask(executor):
        # Only here: Dask takes long to import, and need not be installed.
        from opiscli.engine.dask_cluster import dask_workers

        with dask_workers(executor, Origins(resources.origins)) as workers:
            yield workers
    else:
        from opiscli.engine.processes import process_workers

        n_workers, origins = _n_workers(executor, resources), Origins(resources.origins)
        with process_workers(executor, n_workers, origins) as workers:
            yield workers


def is_dask(executor: Executor | None) -> bool:
    """Whether this is a `Client` of Dask, or a `DaskCluster`, which has one."""
    client = getattr(executor, "client", executor)
    return hasattr(client, "scatter") and hasattr(client, "scheduler_info")


def _n_workers(executor: Executor, resources: Resources) -> int:
    """As many as an executor says it has, otherwise as many as there are threads."""
    for name in ("num_workers", "_max_workers"):
        n = getattr(executor, name, None)
        if isinstance(n, int) and n > 0:
            return n
    return resources.threads
