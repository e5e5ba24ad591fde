"""Only regular files are read: pipes would block, devices never end, and mapped files may shrink.

Every file that a user names is opened here, and read into memory whole or piece by piece.
"""

import io
import os
import stat
from pathlib import Path

from opiscli.errors import SourceError

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def require_regular(path: Path) -> None:
    """Refuse what is neither a regular file nor a folder, also behind links, without opening it.

    Nothing is said of a path that does not exist: whoever opens it explains why it cannot.

    Raises
    ------
    SourceError
        If it is a named pipe, a socket or a device.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    for is_kind, what in _KINDS:
        if is_kind(mode):
            raise SourceError(
                f"{path} is {what}, expected a regular file",
                hint="Write its contents to a file first; a table can also be piped to a command"
                " that reads -.",
            )


def open_regular(file: Path | bytes) -> io.BytesIO | io.BufferedReader:
    """Open a regular file, or its contents.

    Raises
    ------
    SourceError
        If it is something else.
    OSError
        If it cannot be opened.
    """
    if isinstance(file, bytes):
        return io.BytesIO(file)
    require_regular(file)
    return file.open("rb")


def read_whole(path: Path, most_bytes: int) -> bytes:
    """Read a regular file into memory, after its size has been compared with a bound.

    Raises
    ------
    SourceError
        If it is something else, or larger.
    OSError
        If it cannot be read.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most_bytes:
            raise SourceError(
                f"{path} holds {size:,} bytes, more than the {most_bytes:,} that reading it may"
                " take",
                hint="Check that it is the right file; if it is, raise --memory-limit where the"
                " command has it.",
            )
        return file.read(size)
