"""Draws a training while it runs, and what the head changed."""

from dataclasses import replace

from opiscli.report import show, show_text
from opiscli.report.tables.formats import Format
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
    """Print what changed on the validation classes, and under which settings, to stdout."""
    n_items, n_classes = report.validation.n_items, report.validation.n_classes
    show_text(f"{n_classes:,} validation classes, {n_items:,} items\n\n")
    show(replace(report.comparison, signature=report.signature), Format.TABLE)
