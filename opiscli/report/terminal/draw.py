"""Draws any result, on a console or as plain text."""

import io
from functools import singledispatch

from rich.console import Console, RenderableType

from opiscli.report.terminal.calibrate import draw_calibration
from opiscli.report.terminal.check import draw_check
from opiscli.report.terminal.compare import draw_comparison
from opiscli.report.terminal.evaluate import draw_evaluation
from opiscli.report.terminal.inspect import draw_inspection
from opiscli.results import Calibration, Check, Comparison, Evaluation, Inspection, Result

_WIDTH = 80


@singledispatch
def draw(result: object) -> RenderableType:
    """Draw a result in the way of its kind."""
    raise TypeError(f"no drawing is known for {type(result).__name__}")


draw.register(Evaluation, draw_evaluation)
draw.register(Calibration, draw_calibration)
draw.register(Check, draw_check)
draw.register(Comparison, draw_comparison)
draw.register(Inspection, draw_inspection)


def terminal_text(result: Result, *, on_stderr: bool = False) -> str:
    """Text for stdout or stderr: as wide as the terminal, with colours if it shows them."""
    return _text(result, Console(highlight=False, stderr=on_stderr))


def plain_text(result: Result) -> str:
    """The same text without colours, 80 columns wide."""
    console = Console(
        file=io.StringIO(), width=_WIDTH, color_system=None, force_terminal=False,
        force_jupyter=False, highlight=False, legacy_windows=False,
    )  # fmt: skip
    lines = _text(result, console).splitlines()
    return "\n".join(line.rstrip() for line in lines)


def _text(result: Result, console: Console) -> str:
    # Captured, because a console that meets a closed pipe ends the process with exit code 1.
    with console.capture() as drawn:
        console.print(draw(result), crop=False)
    return drawn.get()
