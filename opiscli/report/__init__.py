"""Shows results: on a terminal, or in a format another program reads."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from opiscli.report.tables.formats import WRITERS, Format
from opiscli.results import Calibration, Check, Comparison, Evaluation, Inspection, Result


def show(result: Result, output_format: Format, *, on_stderr: bool = False) -> None:
    """Print a result; end quietly if the reader has seen enough.

    Parameters
    ----------
    on_stderr
        Whether stdout is taken by something else.
    """
    text = (
        _drawn(result, on_stderr=on_stderr)
        if output_format is Format.TABLE
        else WRITERS[output_format](result)
    )
    stream = sys.stderr if on_stderr else sys.stdout
    with _quiet_end(stream):
        stream.write(text)
        stream.flush()


def show_text(text: str) -> None:
    """Write text to stdout."""
    """Print plain text to stdout."""
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


def _drawn(result: Result, *, on_stderr: bool) -> str:
    from rich.console import Console

    from opiscli.report.terminal.calibration import draw_calibration
    from opiscli.report.terminal.check import draw_check
    from opiscli.report.terminal.comparison import draw_comparison
    from opiscli.report.terminal.evaluation import draw_evaluation
    from opiscli.report.terminal.inspection import draw_inspection

    console = Console(highlight=False, stderr=on_stderr)
    # Captured, because a console that meets a closed pipe ends the process with exit code 1.
    with console.capture() as drawn:
        if isinstance(result, Evaluation):
            draw_evaluation(result, console)
        elif isinstance(result, Calibration):
            draw_calibration(result, console)
        elif isinstance(result, Check):
            draw_check(result, console)
        elif isinstance(result, Inspection):
            draw_inspection(result, console)
        elif isinstance(result, Comparison):
            draw_comparison(result, console)
    return drawn.get()
