"""Shows results: on a terminal, in a format another program reads, and in Python."""

import sys
from typing import TextIO

from opiscli.report.python_views import PYTHON_VIEWS
from opiscli.report.tables.formats import WRITERS, Format
from opiscli.results import Result

# Results know nothing of this room: it tells them how they print.
Result.views = PYTHON_VIEWS


def show(
    result: Result, output_format: Format, *, on_stderr: bool = False, full: bool = False
) -> None:
    """Print a result.

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
    _write(sys.stderr if on_stderr else sys.stdout, text)


def show_text(text: str) -> None:
    """Write text to stdout."""
    _write(sys.stdout, text)


def show_bytes(contents: bytes) -> None:
    """Write binary data to stdout."""
    sys.stdout.flush()
    sys.stdout.buffer.write(contents)
    sys.stdout.buffer.flush()


def _write(stream: TextIO, text: str) -> None:
    stream.write(text)
    stream.flush()
