"""Draws a training while it runs, and what the head changed."""

from dataclasses import replace

from opiscli.analysis.compare import compare_evaluations
from opiscli.report import show
from opiscli.report.tables.formats import Format
from opiscli.results import Evaluation


def look_line(
    step: int, base: float | None, tcm: float | None, opis: float, recall: float, *, kept: bool
) -> str:
    """One line of the live table of a training; the first one brings the header."""
    if base is None or tcm is None:
        header = f"{'step':>6}{'base loss':>12}{'TCM':>10}{'OPIS':>12}{'R@1':>10}"
        return f"{header}\n{step:>6}{'–':>12}{'–':>10}{opis:>12.4g}{recall:>10.4f}  frozen"
    line = f"{step:>6}{base:>12.4g}{tcm:>10.4g}{opis:>12.4g}{recall:>10.4f}"
    return f"{line}  kept" if kept else line


def show_change(before: Evaluation, after: Evaluation, signature: str) -> None:
    """Print the numbers before and after, and the settings of the training, to stdout."""
    named = [
        replace(evaluation, data=replace(evaluation.data, source=name))
        for evaluation, name in ((before, "frozen embeddings"), (after, "through the head"))
    ]
    show(replace(compare_evaluations(named), signature=signature), Format.TABLE)
