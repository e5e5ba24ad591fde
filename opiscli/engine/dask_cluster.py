"""A Dask cluster as workers.

Large arrays are sent to one worker, once per count, and the others fetch them from each other as
their tasks need them. They are not broadcast: that waits for a worker that was lost meanwhile, and
Dask drops copies that no task needs. The scheduler starts the tasks of a lost worker again; if the
arrays were lost with it, they are sent again.
"""

import logging
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from distributed import Client, KilledWorker, Security
from distributed.utils import CancelledError, TimeoutError

from opiscli.arrays import AnyArray
from opiscli.engine.address import is_reachable
from opiscli.engine.executors import Run, given_up
from opiscli.engine.remote import Aligned, Packed, answer_aligned, other_versions, packed
from opiscli.engine.traffic import Traffic
from opiscli.errors import ClusterError, OpisError
from opiscli.settings.version import __version__

_SECONDS_TO_CONNECT = 10
_SECONDS_TO_REACH_A_WORKER = 2
_MOST_CHECKS_WITHOUT_WORKERS = 12
_COPIES = 2
"""An array that arrives is copied once; Dask stops a worker that is nearly at its limit."""

_VERSION = "opiscli.settings.version:__version__"


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
        _require_certificates(address)
        self.client = Client(address, timeout=_SECONDS_TO_CONNECT, set_as_default=False)
        try:
            require_workers(self.client)
        except BaseException:
            self.stop()
            raise

    def __str__(self) -> str:
        info = _workers(self.client)
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


def require_workers(client: Client) -> None:
    """Refuse a cluster that has no workers, or some with another opis, before work is sent.

    Raises
    ------
    ClusterError
        Naming the versions.
    """
    with suppress(TimeoutError):
        client.wait_for_workers(1, timeout=_SECONDS_TO_CONNECT)
    if not _workers(client):
        raise ClusterError(
            f"the Dask scheduler at {client.scheduler.address} has no workers",
            hint=f"Start some with dask worker {client.scheduler.address}.",
        )
    # A function of the standard library, so that a process without opis can run it, too.
    said = client.run(pkgutil.resolve_name, _VERSION, on_error="return")
    found = Counter(one if isinstance(one, str) else "" for one in said.values())
    if set(found) != {__version__}:
        raise other_versions(dict(found), __version__)
    there = ""
    with suppress(Exception):
        there = client.run_on_scheduler(pkgutil.resolve_name, _VERSION)
    if there != __version__:  # Dask unpacks tasks on the scheduler, too
        raise ClusterError(
            f"the Dask scheduler has {f'opis {there}' if there else 'no opis'}, but this is opis"
            f" {__version__}; the versions must be the same",
            hint=f"Install opiscli=={__version__} in the environment of the scheduler, too.",
        )


def _require_certificates(address: str) -> None:
    if address.startswith("tls:") and not Security().get_connection_args("client")["ssl_context"]:
        raise ClusterError(
            f"{address} needs certificates, but the Dask configuration names none",
            hint="Set distributed.comm.tls in it, or the variables DASK_DISTRIBUTED__COMM__TLS__….",
        )


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
    """

    client: Client
    traffic: Traffic
    n_apart: int
    is_direct: bool
    _sent: dict[int, tuple[AnyArray, Any]] = field(default_factory=dict)
    _checks_without_workers: int = 0

    @property
    def ahead(self) -> int:
        """Two tasks per thread, so that none waits for the next."""
        return 2 * self.n_apart

    @contextmanager
    def applying(self, work: Callable[[Any], Any]) -> Iterator[Run]:
        """Send the arrays of a function that were not sent yet."""
        parts = packed(work)
        self._require_memory(parts)
        run = _DaskRun(self, parts)
        run.send()
        yield run

    def send(self, array: AnyArray) -> Any:  # noqa: ANN401
        """Send an array once, and again if it was lost."""
        known = self._sent.get(id(array))
        if known is None or known[1].status != "finished":
            with connected(self.client):
                future = self.client.scatter(Aligned(array), hash=False, direct=self.is_direct)
            self.traffic.sent(array.nbytes)
            # The array is kept, so that no other gets its id.
            self._sent[id(array)] = known = array, future
        return known[1]

    def require_some(self) -> None:
        """Raise `ClusterError` if the scheduler is lost, or all workers for a minute."""
        if self.client.status != "running":
            raise _lost_scheduler()
        with connected(self.client):
            n_checks = 0 if _workers(self.client) else self._checks_without_workers + 1
        self._checks_without_workers = n_checks
        if n_checks > _MOST_CHECKS_WITHOUT_WORKERS:
            raise _no_workers_left()

    def _require_memory(self, parts: Packed) -> None:
        for address, info in _workers(self.client).items():
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
        arrays = [self.workers.send(array) for array in self.parts.arrays]
        submit = self.workers.client.submit
        self._call = partial(
            submit, answer_aligned, __version__, self.parts.contents, arrays, pure=False
        )

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
        "the Dask cluster has lost all its workers",
        hint="Look at their logs: they may have run out of memory.",
    )


def _workers(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    return found


def _some(n: int, what: str) -> str:
    return f"{n} {what}{'' if n == 1 else 's'}"


def _silence() -> None:
    """Keep the log of a lost connection from the screen: it is explained in two lines."""
    for name in ("distributed", "tornado", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def dask_workers(executor: Any) -> Iterator[DaskWorkers]:  # noqa: ANN401
    """Workers of a connection, or of a `Client` that a program has opened itself."""
    client = executor.client if isinstance(executor, DaskCluster) else executor
    if client is executor:
        require_workers(client)
    info = _workers(client)
    threads = sum(one["nthreads"] for one in info.values())
    is_direct = all(is_reachable(one, _SECONDS_TO_REACH_A_WORKER) for one in list(info)[:2])
    traffic = getattr(executor, "traffic", None) or Traffic()
    yield DaskWorkers(client, traffic, max(threads, 1), is_direct)
