"""Opens what ``--scheduler`` names: a Dask cluster, or processes of this machine."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from opiscli.engine.address import is_greeting
from opiscli.engine.processes import LocalProcesses
from opiscli.errors import ClusterError, UsageError
from opiscli.settings.resources import Executor

_SECONDS_TO_CONNECT = 10
_LOCAL = re.compile(r"local:([1-9]\d{0,3})")
_DASK = re.compile(r"(tcp|tls)://[^\s/]+:\d{1,5}")


class _Scheduler(Executor, Protocol):
    def stop(self) -> None:
        """Let go of the workers."""


@contextmanager
def opened(scheduler: str | None) -> Iterator[Executor | None]:
    """Open a scheduler for a whole run; ``None`` for threads of this process.

    Parameters
    ----------
    scheduler
        ``tcp://host:8786`` or ``tls://host:8786`` for Dask, ``local:4`` for four processes.

    Raises
    ------
    UsageError
        If it is nothing of that kind, or Dask is not installed.
    ClusterError
        If there is no scheduler, it has no workers, or their opis is of another version.
    """
    if scheduler is None:
        yield None
        return
    executor = _executor(scheduler)
    try:
        yield executor
    finally:
        executor.stop()


def require_scheduler(scheduler: str) -> None:
    """Raise `UsageError` if a text names no scheduler."""
    if not (_LOCAL.fullmatch(scheduler) or _DASK.fullmatch(scheduler)):
        raise UsageError(
            f"--scheduler={scheduler} is not an address, expected tcp://HOST:PORT or local:N",
            hint="For example --scheduler=tcp://127.0.0.1:8786 or --scheduler=local:4.",
        )


def _executor(scheduler: str) -> _Scheduler:
    require_scheduler(scheduler)
    if local := _LOCAL.fullmatch(scheduler):
        return LocalProcesses(int(local[1]))
    if not is_greeting(scheduler, _SECONDS_TO_CONNECT):
        raise no_scheduler(scheduler)
    try:
        # Only here: Dask takes long to import.
        from opiscli.engine.dask_cluster import DaskCluster
    except ImportError as cause:
        raise UsageError(
            f"--scheduler={scheduler} needs Dask, which cannot be imported: {cause}",
            hint="Install it with pip install 'opiscli[dask]', or use --scheduler=local:4.",
        ) from cause
    try:
        return DaskCluster(scheduler)
    except (OSError, ValueError) as cause:
        raise no_scheduler(scheduler) from cause


def no_scheduler(address: str) -> ClusterError:
    """Explain that nothing answers at an address, or something else than a scheduler."""
    return ClusterError(
        f"no Dask scheduler answers at {address}",
        hint="Start one with dask scheduler, or correct the address of --scheduler.",
    )
