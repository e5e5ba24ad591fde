"""Shows results: on a terminal, in a format another program reads, and in Python."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from opiscli.report.python_views import PYTHON_VIEWS
from opiscli.report.tables.formats import WRITERS, Format
from opiscli.results import Result

# Results know nothing of this room: it tells them how they print.
Result.views = PYTHON_VIEWS


def show(
    result: Result, output_format: Format, *, on_stderr: bool = False, full: bool = False
) -> None:
    """Print a result; end quietly if the reader has seen enough.

    Parameters
    ----------
    on_stderr
        Whether stdout is used for something else.
    full
        Whether an evaluation is shown with all its tables.
    """
    if output_format is Format.TABLE:
        from opiscli.report.terminal.draw import terminal_text

        text = terminal_text(result, on_stderr=on_stderr, full=full)
    else:
        text = WRITERS[output_format](result)
    stream = sys.stderr if on_stderr else sys.stdout
    with _quiet_end(stream):
        stream.write(text)
        stream.flush()


def show_text(text: str) -> None:
    """Write text to stdout."""
    with _quiet_end(sys.stdout):
        sys.stdout.write(text)
        sys.stdout.flush()


def show_bytes(contents: bytes) -> None:
    """Write binary data to stdout."""
    with _quiet_end(sys.stdout):
        sys.stdout.buffer.write(contents)
        sys.stdout.flush()


@contextmanager
def _quiet_end(stream: TextIO) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # Python would complain once more when it closes the stream at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
