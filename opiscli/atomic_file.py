"""Writes a file whole or not at all, and never over another one by accident."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opiscli.errors import OutputError, UsageError


def require_free(path: Path, *, force: bool) -> None:
    """Refuse a path that cannot be written to, before any work is done.

    Raises
    ------
    UsageError
        If a file is there already and ``force`` is not set, or it is a folder, a device or a
        pipe, in whose place a file must not be put.
    OutputError
        If its folder does not exist.
    """
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder, expected the name of a file",
            hint=f"Name a file in it, for example {path / 'result'}.",
        )
    if _is_of_the_system(path):
        raise UsageError(
            f"{path} is not a regular file, expected the name of a file to write",
            hint="Write to a file first, then copy it from there.",
        )
    if path.exists() and not force:
        raise UsageError(
            f"{path} exists already", hint="Name another file, or overwrite it with --force."
        )
    if not path.parent.is_dir():
        raise OutputError(
            f"{path} cannot be written: there is no folder {path.parent}",
            hint=f"Create it first: mkdir -p {path.parent}.",
        )


def _is_of_the_system(path: Path) -> bool:
    """Whether a path is, or refers to, a device or pipe, such as ``/dev/stdout``."""
    whole = path.absolute()
    names_one = whole.parent in (Path("/dev"), Path("/dev/fd")) or Path("/proc") in whole.parents
    return names_one or (path.exists() and not path.is_file())


@contextmanager
def whole_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Lend a temporary path beside ``path``, and rename it at the end.

    If the body fails, is interrupted or is killed, ``path`` is as it was before; a file
    that appears there in the meantime is not overwritten without ``force``.

    Parameters
    ----------
    path
        Where the file is to be.
    force
        Whether a file that is there already may be replaced.

    Yields
    ------
    Path
        An empty file in the same folder, for the body to write; its own name is plain ASCII,
        for libraries that take no other.

    Raises
    ------
    UsageError
        If the file is there already and ``force`` is not set.
    OutputError
        If it cannot be written: a missing folder, a full disk, no permission.
    """
    require_free(path, force=force)
    try:
        handle, name = tempfile.mkstemp(prefix=".opis-", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as cause:
        raise _unwritable(path, cause) from cause
    temporary = Path(name)
    try:
        yield temporary
        _settle(temporary)
        require_free(path, force=force)
        temporary.replace(path)
    except OSError as cause:
        raise _unwritable(path, cause) from cause
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _settle(temporary: Path) -> None:
    """Flush the contents to disk, and set the usual permissions."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)


def _unwritable(path: Path, cause: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written: {cause.strerror or cause}",
        hint="Check that the folder may be written to and the disk has room.",
    )
