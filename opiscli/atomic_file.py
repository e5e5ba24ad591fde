"""Writes a file whole or not at all, and never over another one by accident.

A symbolic link is kept: the file it leads to is written. Pipes and character devices are written as
streams, once everything is ready. Nothing else that is not a regular file is written or replaced.
"""

import errno
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from opiscli.errors import OutputError, UsageError

_DESCRIPTOR = re.compile(r"/(dev/fd|proc/(self|thread-self|\d+)/fd)/(\d+)")
_LAST_STANDARD_STREAM = 2
_MOST_LINKS = 40
_UNFINISHED: set[Path] = set()
"""Temporary files of this process."""


def require_free(path: Path, *, force: bool) -> None:
    """Refuse a path that cannot be written to, before any work is done.

    Raises
    ------
    UsageError
        If a file is there already and ``force`` is not set, or it is a folder, a socket, a block
        device, or standard output or error, to which the command itself writes.
    OutputError
        If its folder does not exist.
    """
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder, expected the name of a file",
            hint=f"Name a file in it, for example {path / 'result'}.",
        )
    if _is_stream(path):
        return
    target = _target(path)
    if _is_of_the_system(path) or (target.exists() and not target.is_file()):
        raise UsageError(
            f"{path} is not a regular file, expected the name of a file to write",
            hint="Write to a file first, then copy it from there.",
        )
    if target.is_symlink():
        raise UsageError(
            f"{path} is a symbolic link that leads back to itself",
            hint="Name another file, or remove the link.",
        )
    if target.exists() and not force:
        raise _exists(path)
    if not target.parent.is_dir():
        raise OutputError(
            f"{path} cannot be written: there is no folder {target.parent}",
            hint=f"Create it first: mkdir -p {target.parent}.",
        )


def _exists(path: Path) -> UsageError:
    return UsageError(
        f"{path} exists already", hint="Name another file, or overwrite it with --force."
    )


def _is_stream(path: Path) -> bool:
    """Whether a path is a pipe or a character device, such as ``/dev/null``.

    Raises
    ------
    UsageError
        If it is standard output or error: results and messages are written there, too.
    """
    descriptor = _descriptor(path)
    if descriptor is not None and descriptor <= _LAST_STANDARD_STREAM:
        raise UsageError(
            f"{path} is a standard stream, to which the command writes its results or messages",
            hint="Name a file, a named pipe, or another program with >(program).",
        )
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _descriptor(path: Path) -> int | None:
    """Return the number of the open file that ``/dev/stdout`` or ``/dev/fd/63`` names."""
    for _ in range(_MOST_LINKS):
        path = Path(os.path.abspath(path))
        if named := _DESCRIPTOR.fullmatch(str(path)):
            return int(named[3])
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _is_of_the_system(path: Path) -> bool:
    """Whether a name belongs to the system, so that no file can be created there."""
    whole = path.absolute()
    return whole.parent in (Path("/dev"), Path("/dev/fd")) or Path("/proc") in whole.parents


def _target(path: Path) -> Path:
    """Return the file to which symbolic links lead."""
    return Path(os.path.realpath(path))


@contextmanager
def whole_file(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Lend a temporary path beside ``path``, and rename it at the end.

    If the body fails, is interrupted or is killed, ``path`` is as it was before; a file
    that appears there in the meantime is not overwritten without ``force``.

    A file that is replaced hands on its permissions, and its owner and group as far as the
    system permits; other hard links to it keep the old contents. A new file has the usual
    permissions (``umask``). What goes into a pipe or a device is written to the folder for
    temporary files first.

    Parameters
    ----------
    path
        Where the file is to be.
    force
        Whether a file that is there already may be replaced.

    Yields
    ------
    Path
        An empty file in the same folder, for the body to write; its own name is short and plain
        ASCII, for libraries that take no other.

    Raises
    ------
    UsageError
        If the file is there already and ``force`` is not set.
    OutputError
        If it cannot be written: a missing folder, a full disk, no permission, or a pipe from
        which no program reads.
    """
    require_free(path, force=force)
    is_stream = _is_stream(path)
    target = _target(path)
    folder = Path(tempfile.gettempdir()) if is_stream else target.parent
    temporary = folder / f".opis-{os.urandom(8).hex()}.part"
    _UNFINISHED.add(temporary)
    try:
        temporary.touch(0o600, exist_ok=False)
        yield temporary
        if is_stream:
            _pour(temporary, path)
        else:
            _settle(temporary, target)
            require_free(path, force=force)
            _put(temporary, target, path, force=force)
    except OSError as cause:
        raise _unwritable(path, cause) from cause
    finally:
        with suppress(OSError):
            temporary.unlink()
        _UNFINISHED.discard(temporary)


@contextmanager
def temporary_file() -> Iterator[Path]:
    """Lend an empty file in the folder for temporary files; removed at the end, or by a signal."""
    temporary = Path(tempfile.gettempdir()) / f".opis-{os.urandom(8).hex()}.part"
    _UNFINISHED.add(temporary)
    try:
        temporary.touch(0o600, exist_ok=False)
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink()
        _UNFINISHED.discard(temporary)


def remove_unfinished() -> None:
    """Remove the temporary files of a process that is about to end at once."""
    for temporary in tuple(_UNFINISHED):
        with suppress(OSError):
            temporary.unlink()


def _settle(temporary: Path, target: Path) -> None:
    """Flush the contents to disk, and set owner and permissions."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    try:
        replaced = target.stat()
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        return
    mode = stat.S_IMODE(replaced.st_mode) & 0o777
    if not _hand_over(temporary, replaced):
        # The rights of one group are not those of another.
        mode = mode & 0o707 | (mode & 0o007) << 3
    temporary.chmod(mode)


def _hand_over(temporary: Path, replaced: os.stat_result) -> bool:
    """Keep the owner and the group of a file that is replaced; return whether the group is kept."""
    for owner in (replaced.st_uid, -1):
        with suppress(OSError, AttributeError):
            os.chown(temporary, owner, replaced.st_gid)
            return True
    return os.name == "nt"


def _put(temporary: Path, target: Path, path: Path, *, force: bool) -> None:
    """Give a file its name, and without ``force`` only if no other file has it."""
    if force:
        temporary.replace(target)
        return
    try:
        try:
            os.link(temporary, target)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):
            # No hard links here, as on FAT: the name is taken by an empty file first. If the
            # process is killed between the two calls, that file remains.
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            temporary.replace(target)
    except FileExistsError:
        raise _exists(path) from None


def _pour(temporary: Path, path: Path) -> None:
    """Write a finished file into a pipe or a device."""
    try:
        # A pipe without a reader would block for ever.
        descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as cause:
        if cause.errno != errno.ENXIO:
            raise
        raise OutputError(
            f"{path} cannot be written: no program reads from this pipe",
            hint="Start the program that reads from it first.",
        ) from cause
    with temporary.open("rb") as file, os.fdopen(descriptor, "wb") as stream:
        os.set_blocking(descriptor, True)
        shutil.copyfileobj(file, stream)


def _unwritable(path: Path, cause: OSError) -> OutputError:
    return OutputError(
        f"{path} cannot be written: {cause.strerror or cause}",
        hint="Check that the folder may be written to and the disk has room.",
    )
