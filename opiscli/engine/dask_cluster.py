"""A Dask cluster as workers.

Large arrays are sent to one worker, once per count, and the others fetch them from each other as
their tasks need them. They are not broadcast: that waits for a worker that was lost meanwhile, and
Dask drops copies that no task needs. The scheduler starts the tasks of a lost worker again; if the
arrays were lost with it, they are sent again.
"""

import logging
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from distributed import Client, KilledWorker
from distributed.utils import CancelledError, TimeoutError

from opiscli.arrays import AnyArray
from opiscli.engine.address import is_reachable
from opiscli.engine.cluster_versions import require_certificates, require_workers, workers_at
from opiscli.engine.executors import Run, given_up
from opiscli.engine.read_by_workers import Origins, ReadByWorker, forget
from opiscli.engine.remote import Aligned, Packed, answer, packed
from opiscli.engine.traffic import Traffic
from opiscli.errors import ClusterError, OpisError, OpisWarning
from opiscli.settings.version import __version__

_SECONDS_TO_CONNECT = 10
_SECONDS_TO_REACH_A_WORKER = 2
_SECONDS_WITHOUT_WORKERS = 60.0
"""So long new workers are waited for when all are lost."""
_SECONDS_BETWEEN_LOOKS = 0.2
_COPIES = 2
"""An array that arrives is copied once; Dask stops a worker that is nearly at its limit."""


class DaskCluster:
    """A connection to the scheduler of a Dask cluster.

    Parameters
    ----------
    address
        Of the scheduler: ``tcp://host:8786``.

    Raises
    ------
    OSError
        If no scheduler answers.
    ClusterError
        If it has no workers, or their opis is of another version.
    """

    def __init__(self, address: str) -> None:
        _silence()
        self.address = address
        self.traffic = Traffic()
        require_certificates(address)
        self.client = Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
        try:
            require_workers(self.client)
        except BaseException:
            self.stop()
            raise

    def __str__(self) -> str:
        info = workers_at(self.client)
        threads = sum(one["nthreads"] for one in info.values())
        return (
            f"{_some(len(info), 'Dask worker')} with {_some(threads, 'thread')} at {self.address}"
        )

    def submit(self, fn: Callable[..., Any], /, *args: Any) -> Any:  # noqa: ANN401
        """Start a call and return its future."""
        return self.client.submit(fn, *args, pure=False)

    def stop(self) -> None:
        """Leave the cluster; what was sent to it is released."""
        with suppress(Exception):
            self.client.close(timeout=1)


@dataclass(slots=True, eq=False)
class DaskWorkers:
    """The workers of a cluster during one count.

    Parameters
    ----------
    client
        The connection.
    traffic
        Told what is sent and received.
    n_apart
        Threads of all workers.
    is_direct
        Whether this process can connect to the workers, and need not go through the scheduler.
    origins
        Arrays that workers read themselves.
    """

    client: Client
    traffic: Traffic
    n_apart: int
    is_direct: bool
    origins: Origins
    _sent: dict[int, tuple[AnyArray | ReadByWorker, Any]] = field(default_factory=dict)
    _without_since: float | None = None

    @property
    def ahead(self) -> int:
        """Two tasks per thread, so that none waits for the next."""
        return 2 * self.n_apart

    @contextmanager
    def applying(self, work: Callable[[Any], Any]) -> Iterator[Run]:
        """Send the arrays of a function that were not sent yet."""
        parts = packed(work, self.origins)
        self._require_memory(parts)
        run = _DaskRun(self, parts)
        run.send()
        yield run

    def send(self, array: AnyArray | ReadByWorker) -> Any:  # noqa: ANN401
        """Send an array, or how to read it, once, and again if it was lost."""
        known = self._sent.get(id(array))
        if known is None or known[1].status != "finished":
            given = array if isinstance(array, ReadByWorker) else Aligned(array)
            with connected(self.client):
                future = self.client.scatter(given, hash=False, direct=self.is_direct)
            if given is not array:
                self.traffic.sent(array.nbytes)
            # The array is kept, so that no other gets its id.
            self._sent[id(array)] = known = array, future
        return known[1]

    def release(self) -> None:
        """Tell all workers to drop what they have read."""
        keys = [one.key for one, _ in self._sent.values() if isinstance(one, ReadByWorker)]
        if keys:
            with suppress(Exception):  # they drop it themselves after a while
                self.client.run(forget, keys, wait=False)

    def require_some(self) -> None:
        """Raise `ClusterError` if the scheduler is lost, or all workers for a minute."""
        if self.client.status != "running":
            raise _lost_scheduler()
        with connected(self.client):
            if workers_at(self.client):
                self._without_since = None
                return
        now = time.monotonic()
        if self._without_since is None:
            self._without_since = now
            warnings.warn(
                "the Dask cluster has lost all its workers; new ones are waited for,"
                f" {_SECONDS_WITHOUT_WORKERS:.0f} s at most",
                OpisWarning,
                stacklevel=2,
            )
        if now - self._without_since >= _SECONDS_WITHOUT_WORKERS:
            raise _no_workers_left()

    def wait_for_some(self) -> None:
        """Return when there are workers; raise as `require_some`."""
        self.require_some()
        while self._without_since is not None:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            self.require_some()

    def _require_memory(self, parts: Packed) -> None:
        for address, info in workers_at(self.client).items():
            limit = info.get("memory_limit") or 0
            need = _COPIES * parts.nbytes
            if 0 < limit < need:
                raise ClusterError(
                    f"the Dask worker {address} may use {limit / 1e6:,.0f} MB of memory, but the"
                    f" items need {need / 1e6:,.0f} MB while they arrive",
                    hint="Start one worker per machine, with many threads that share one copy"
                    " and a larger memory limit.",
                )


class _Lost(Exception):
    """A task was lost with its worker."""


@contextmanager
def connected(client: Client) -> Iterator[None]:
    """Explain a failure to reach the scheduler or any worker."""
    try:
        yield
    except ImportError as cause:  # of a worker without opis that joined meanwhile
        raise _explained(cause) from cause
    except (CancelledError, OSError, RuntimeError) as cause:
        if client.status != "running":
            raise _lost_scheduler() from cause
        if isinstance(cause, TimeoutError):
            raise _no_workers_left() from cause
        raise


@dataclass(slots=True)
class _DaskRun:
    workers: DaskWorkers
    parts: Packed
    _call: Callable[[Any], Any] | None = None

    def send(self) -> None:
        self.workers.wait_for_some()
        arrays = [self.workers.send(array) for array in self.parts.arrays]
        submit = self.workers.client.submit
        self._call = partial(submit, answer, __version__, self.parts.contents, arrays, pure=False)

    def submit(self, task: Any) -> Any:  # noqa: ANN401
        call = self._call
        assert call is not None
        with connected(self.workers.client):
            return call(task)

    def result(self, future: Any) -> Any:  # noqa: ANN401
        workers = self.workers
        try:
            found = workers.client.gather(future, direct=workers.is_direct)
        except (CancelledError, OSError, TimeoutError) as cause:
            raise _Lost from cause
        return workers.traffic.received(found)

    def recover(self, failure: BaseException) -> None:
        if isinstance(failure, _Lost):
            if self.workers.client.status != "running":
                raise _lost_scheduler() from failure
            self.send()
            return
        raise _explained(failure) from failure

    def check(self) -> None:
        self.workers.require_some()


def _explained(failure: BaseException) -> BaseException:
    if isinstance(failure, KilledWorker):
        return given_up()
    if isinstance(failure, ImportError) and not isinstance(failure, OpisError):
        return ClusterError(
            f"a Dask worker cannot run opis: {failure}",
            hint=f"Install opiscli=={__version__} and the same libraries on every worker.",
        )
    return failure


def _lost_scheduler() -> ClusterError:
    return ClusterError(
        "the connection to the Dask scheduler was lost before all pairs were counted",
        hint="Start the scheduler again, and then this command: nothing was written.",
    )


def _no_workers_left() -> ClusterError:
    return ClusterError(
        "the Dask cluster has lost all its workers, and no new one was there within"
        f" {_SECONDS_WITHOUT_WORKERS:.0f} s",
        hint="Look at their logs: they may have run out of memory. Nothing was written; start"
        " workers, and then this command again.",
    )


def _some(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _silence() -> None:
    """Keep the log of a lost connection from the screen: it is explained in two lines."""
    for name in ("distributed", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def dask_workers(executor: Any, origins: Origins) -> Iterator[DaskWorkers]:  # noqa: ANN401
    """Workers of a connection, or of a `Client` that a program has opened itself."""
    client = executor.client if isinstance(executor, DaskCluster) else executor
    if client is executor:
        require_workers(client)
    info = workers_at(client)
    threads = sum(one["nthreads"] for one in info.values())
    is_direct = all(is_reachable(one, _SECONDS_TO_REACH_A_WORKER) for one in list(info)[:2])
    traffic = getattr(executor, "traffic", None) or Traffic()
    workers = DaskWorkers(client, traffic, max(threads, 1), is_direct, origins)
    try:
        yield workers
    finally:
        workers.release()
