"""Guarded standard output and standard error: everything opis writes passes through here.

A stream may be in an encoding that lacks characters, closed, full, or a pipe whose reader has seen
enough. None of that is a traceback, and only what is lost of the results is an error.
"""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TextIO, cast

from opiscli.cli.plain_text import showable
from opiscli.errors import OutputError

_FIRST_FILE = 3
"""Descriptors below are those of standard input, output and error."""


class GuardedStream:
    """A stream that shows what its encoding can, and explains what cannot be written.

    Parameters
    ----------
    target
        The stream, or ``None`` if it was closed before the program began.
    is_result
        Whether it is an error if something cannot be written; otherwise it is dropped.
    """

    def __init__(self, target: Any, *, is_result: bool) -> None:  # noqa: ANN401
        self._target = target if target is not None else _Closed()
        self._is_result = is_result
        self._lost: list[OutputError] = []

    @property
    def buffer(self) -> "GuardedStream":
        """The same for bytes."""
        stream = GuardedStream(self._target.buffer, is_result=self._is_result)
        stream._lost = self._lost
        return stream

    def write(self, data: Any) -> int:  # noqa: ANN401
        """Write text, or bytes to a stream of bytes."""
        if data == "":
            return 0
        encoding = getattr(self._target, "encoding", None)
        shown = showable(data, encoding) if isinstance(data, str) and encoding else data
        with self._guarded():
            self._target.write(shown)
        return len(data)

    def writelines(self, lines: Any) -> None:  # noqa: ANN401
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush the stream."""
        with self._guarded():
            self._target.flush()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._target, name)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        if self._lost:
            # A library may have passed over the first failure.
            raise self._lost[0]
        try:
            yield
        except BrokenPipeError:
            self._drop_the_rest()
        except (OSError, ValueError) as cause:
            self._drop_the_rest()
            # Windows says so of a pipe whose reader has gone.
            is_broken_pipe = os.name == "nt" and getattr(cause, "errno", None) == errno.EINVAL
            if self._is_result and not is_broken_pipe:
                self._lost.append(_lost(cause))
                raise self._lost[0] from cause

    def _drop_the_rest(self) -> None:
        """Discard the buffer, because Python would fail again when flushing it at exit."""
        with contextlib.suppress(OSError, ValueError, AttributeError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._target.fileno())


def _lost(cause: Exception) -> OutputError:
    return OutputError(
        f"the result cannot be written to standard output:"
        f" {getattr(cause, 'strerror', None) or cause}",
        hint="Redirect it to a file on a disk with room, or to /dev/null.",
    )


class _Closed:
    """Replaces a stream that was closed before the program began."""

    encoding = "utf-8"

    @property
    def buffer(self) -> "_Closed":
        return self

    def write(self, data: object) -> NoReturn:
        raise OSError(errno.EBADF, "it is closed")

    def flush(self) -> None:
        """Do nothing: there is no buffer."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> NoReturn:
        raise OSError(errno.EBADF, "it is closed")


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Guard standard output and error, and put both back at the end."""
    out, err = before = sys.stdout, sys.stderr
    if None in (sys.stdin, out, err):
        _occupy_closed_descriptors()
    with _names_of_files(out), _names_of_files(err):
        sys.stdout = cast(TextIO, GuardedStream(out, is_result=True))
        sys.stderr = cast(TextIO, GuardedStream(err, is_result=False))
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


@contextmanager
def _names_of_files(stream: TextIO | None) -> Iterator[None]:
    """Write undecodable bytes of file names unchanged."""
    if not isinstance(stream, io.TextIOWrapper):
        yield
        return
    errors = stream.errors
    with contextlib.suppress(OSError, ValueError):
        stream.reconfigure(errors="surrogateescape")
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            stream.reconfigure(errors=errors)


def _occupy_closed_descriptors() -> None:
    """Open closed descriptors 0 to 2, so that no other file takes their place."""
    with contextlib.suppress(OSError):
        while (descriptor := os.open(os.devnull, os.O_RDWR)) < _FIRST_FILE:
            pass
        os.close(descriptor)
