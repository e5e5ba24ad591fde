"""Refuses a Dask cluster that cannot count: without workers, opis or certificates."""

import pkgutil
from collections import Counter
from contextlib import suppress
from typing import Any

from distributed import Client, Security
from distributed.utils import TimeoutError

from opiscli.engine.remote import other_versions
from opiscli.errors import ClusterError
from opiscli.settings.version import __version__

_SECONDS_TO_CONNECT = 10
_VERSION = "opiscli.settings.version:__version__"


def workers_at(client: Client) -> dict[str, Any]:
    """What the scheduler says of each worker, by address."""
    found: dict[str, Any] = client.scheduler_info(n_workers=-1)["workers"]
    return found


def require_workers(client: Client) -> None:
    """Refuse a cluster that has no workers, or some with another opis, before work is sent.

    Raises
    ------
    ClusterError
        Naming the versions.
    """
    with suppress(TimeoutError):
        client.wait_for_workers(1, timeout=_SECONDS_TO_CONNECT)
    if not workers_at(client):
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


def require_certificates(address: str) -> None:
    """Raise `ClusterError` if an address needs certificates and the configuration has none."""
    if address.startswith("tls:") and not Security().get_connection_args("client")["ssl_context"]:
        raise ClusterError(
            f"{address} needs certificates, but the Dask configuration names none",
            hint="Set distributed.comm.tls in it, or the variables DASK_DISTRIBUTED__COMM__TLS__….",
        )
