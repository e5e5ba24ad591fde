"""Draws any result, on a console or as plain text."""

import io
import os
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console, RenderableType

from opiscli.report.terminal.calibrate import draw_calibration
from opiscli.report.terminal.check import draw_check
from opiscli.report.terminal.compare import draw_comparison
from opiscli.report.terminal.evaluate import draw_evaluation
from opiscli.report.terminal.inspect import draw_inspection
from opiscli.report.terminal.normalize import draw_normalization
from opiscli.report.terminal.translate import draw_translation
from opiscli.report.terminal.unlabelled import draw_unlabelled
from opiscli.results import Calibration, Check, Comparison, Evaluation, Inspection, Result
from opiscli.results.normalization import Normalization
from opiscli.results.translation import Translation
from opiscli.results.unlabelled import UnlabelledCalibration

_DRAWINGS: dict[type, Callable[[Any], RenderableType]] = {
    Calibration: draw_calibration,
    UnlabelledCalibration: draw_unlabelled,
    Translation: draw_translation,
    Check: draw_check,
    Comparison: draw_comparison,
    Inspection: draw_inspection,
    Normalization: draw_normalization,
}
_WIDTH = 80
_UNLIMITED = 100_000


def draw(result: object, *, full: bool = False) -> RenderableType:
    """Draw a result in the way of its kind.

    Parameters
    ----------
    full
        Whether an evaluation is drawn with all its tables.
    """
    if isinstance(result, Evaluation):
        return draw_evaluation(result, full=full)
    if (drawing := _DRAWINGS.get(type(result))) is not None:
        return drawing(result)
    raise TypeError(f"no drawing is known for {type(result).__name__}")


def terminal_text(result: Result, *, on_stderr: bool = False, full: bool = False) -> str:
    """Text for stdout or stderr: as wide as the terminal, with colours if it shows them.

    Where there is no terminal, nothing is wrapped, unless the variable COLUMNS gives a width.
    """
    stream = sys.stderr if on_stderr else sys.stdout
    if stream.isatty():
        return _text(draw(result, full=full), Console(highlight=False, stderr=on_stderr))
    return _plain(draw(result, full=full), _asked_width() or _UNLIMITED)


def plain_text(result: Result) -> str:
    """The same text without colours, 80 columns wide."""
    return _plain(draw(result), _WIDTH).rstrip("\n")


def _asked_width() -> int:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isascii() and columns.isdigit() else 0


def _plain(drawn: RenderableType, width: int) -> str:
    console = Console(
        file=io.StringIO(), width=width, color_system=None, force_terminal=False,
        force_jupyter=False, highlight=False, legacy_windows=False,
    )  # fmt: skip
    lines = _text(drawn, console).splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _text(drawn: RenderableType, console: Console) -> str:
    # Captured, because a console that meets a closed pipe ends the process with exit code 1.
    with console.capture() as captured:
        console.print(drawn, crop=False)
    return captured.get()
