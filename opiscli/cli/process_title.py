"""Removes passwords of addresses from the command line that other users see in a list of processes.

Linux shows the arguments as they lie in the memory of the process, so they are overwritten there.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_START, _END = 45, 46
"""Places of ``arg_start`` and ``arg_end`` in ``/proc/self/stat`` behind the name; see proc(5)."""


def hide_credentials(arguments: Sequence[str]) -> None:
    """Overwrite what is secret in addresses among the arguments of this process."""
    addresses = [one for one in arguments if "://" in one and ("@" in one or "=" in one)]
    if not addresses:
        return
    # Imported here: hardly any command line has an address.
    from opiscli.sources.credentials import secrets_of

    secrets = {os.fsencode(secret) for one in addresses for secret in secrets_of(one)}
    with suppress(OSError, ValueError, IndexError, ImportError):  # elsewhere than on Linux
        fields = Path("/proc/self/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        _overwrite(int(fields[_START]), int(fields[_END]), secrets)


def _overwrite(start: int, end: int, secrets: set[bytes]) -> None:
    import ctypes

    held = ctypes.string_at(start, end - start)
    for secret in secrets:
        at = held.find(secret)
        while at >= 0:
            ctypes.memset(start + at, ord("*"), len(secret))
            at = held.find(secret, at + len(secret))
