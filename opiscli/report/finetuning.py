"""Prints what a head changed."""

from dataclasses import replace

from opiscli.report import show, show_text
from opiscli.report.tables.formats import Format
from opiscli.results.finetune import FineTuning


def show_finetuning(report: FineTuning) -> None:
    """Print what changed on the validation classes, and under which settings, to stdout."""
    n_items, n_classes = report.validation.n_items, report.validation.n_classes
    show_text(f"{n_classes:,} validation classes, {n_items:,} items\n\n")
    show(replace(report.comparison, signature=report.signature), Format.TABLE)
