"""Shows results: on a terminal, or in a format another program reads."""

import os
import sys

from opiscli.report.formats import WRITERS, Format
from opiscli.results import Evaluation


def show(result: Evaluation, output_format: Format) -> None:
    """Print a result to stdout; end quietly if the reader has seen enough."""
    text = _drawn(result) if output_format is Format.TABLE else WRITERS[output_format](result)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it closes stdout at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _drawn(result: Evaluation) -> str:
    from rich.console import Console

    from opiscli.report.terminal import draw_evaluation

    console = Console(highlight=False)
    # Captured, because a console that meets a closed pipe ends the process with exit code 1.
    with console.capture() as drawn:
        draw_evaluation(result, console)
    return drawn.get()
