"""Compares what a source or an index needs with the memory limit, before memory is taken."""

import math

from opiscli.errors import UsageError
from opiscli.settings.resources import Resources

BYTES_PER_ITEM = 64
"""What is kept of each item beside its embedding and its columns: class, row, hash and the like."""


def require_items(n_items: int, what: str, memory_limit: int | None) -> None:
    """Raise `UsageError` if a number of items does not fit, wherever their embeddings are."""
    require_room(BYTES_PER_ITEM * n_items, what, memory_limit)


def require_room(n_bytes: int, what: str, memory_limit: int | None) -> None:
    """Raise `UsageError` if something does not fit into the memory limit.

    Parameters
    ----------
    what
        Names it in the message.
    memory_limit
        Bytes; by default that of the machine.
    """
    limit = Resources.of_machine().memory_limit if memory_limit is None else memory_limit
    if n_bytes > limit:
        raise UsageError(
            f"--memory-limit is {_size(limit)}, but {what} needs {_size(n_bytes)}",
            hint=f"Raise it to --memory-limit {math.ceil(n_bytes / 1e6)}MB if that is what you"
            " expect of it.",
        )


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:,.0f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"
