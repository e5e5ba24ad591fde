"""Reads standard input into memory, as far as the memory limit allows."""

import io
import sys

from opiscli.settings.memory_limit import require_room

NAME = "standard input"

_BYTES_AT_ONCE = 1 << 24


def read_standard_input(memory_limit: int | None = None) -> bytes:
    """All of standard input.

    Raises
    ------
    UsageError
        If it is larger than the memory limit.
    """
    held = io.BytesIO()
    while chunk := sys.stdin.buffer.read(_BYTES_AT_ONCE):
        held.write(chunk)
        require_room(held.tell(), NAME, memory_limit)
    return held.getvalue()
