"""Draws what a head changed: the validation classes without and with it."""

from rich.console import Console
from rich.text import Text

from opiscli.report import show_text
from opiscli.report.terminal.comparison import draw_comparison
from opiscli.results.finetune import FineTuning


def validation_line(
    step: int, base: float | None, tcm: float | None, opis: float, recall: float, *, kept: bool
) -> str:
    """One line of the live table of a training; the first one brings the header."""
    if base is None or tcm is None:
        header = f"{'step':>6}{'base loss':>12}{'TCM':>10}{'OPIS':>12}{'R@1':>10}"
        return f"{header}\n{step:>6}{'–':>12}{'–':>10}{opis:>12.4g}{recall:>10.4f}  frozen"
    line = f"{step:>6}{base:>12.4g}{tcm:>10.4g}{opis:>12.4g}{recall:>10.4f}"
    return f"{line}  kept" if kept else line


def show_finetuning(report: FineTuning) -> None:
    """Print what changed, and under which settings, to stdout."""
    console = Console(highlight=False)
    # Captured, because a console that meets a closed pipe ends the process with exit code 1.
    with console.capture() as drawn:
        n_items, n_classes = report.validation.n_items, report.validation.n_classes
        console.print(f"{n_classes:,} validation classes, {n_items:,} items")
        console.print()
        draw_comparison(report.comparison, console)
        console.print(Text(report.signature, style="dim"), soft_wrap=True)
    show_text(drawn.get())
