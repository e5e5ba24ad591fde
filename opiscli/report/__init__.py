"""Shows results: on a terminal, or in a format another program reads."""

import os
import sys

from opiscli.report.formats import WRITERS, Format
from opiscli.results import Evaluation


def show(result: Evaluation, output_format: Format) -> None:
    """Print a result to stdout; end quietly if the reader has seen enough."""
    try:
        if output_format is Format.TABLE:
            from rich.console import Console

            from opiscli.report.terminal import draw_evaluation

            draw_evaluation(result, Console(highlight=False))
        else:
            sys.stdout.write(WRITERS[output_format](result))
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it closes stdout at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
