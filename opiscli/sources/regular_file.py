"""Sources must be regular files: pipes would block, and devices never end."""

import io
import stat
from pathlib import Path
from typing import BinaryIO

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
                hint="Write its contents to a file first, or pipe them to a command that reads -.",
            )


def open_regular(file: Path | bytes) -> BinaryIO:
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
