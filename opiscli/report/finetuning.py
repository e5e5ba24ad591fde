"""Prints what a head changed."""

from dataclasses import replace

from opiscli.report import show, show_text
from opiscli.report.tables.formats import Format
from opiscli.report.terminal.finetune import candidate_table
from opiscli.results.finetune import ClassesSummary, FineTuning

_CLASSES = {
    "test": "test classes, which nothing was trained or chosen on",
    "validation": "validation classes, which the checkpoint was selected on",
    "cross-validation": "training classes, each without and with a head that was trained on others",
}


def show_finetuning(report: FineTuning) -> None:
    """Print the choice and what changed, on which classes and under which settings, to stdout."""
    if report.choice.candidates:
        show_text(candidate_table(report.choice) + "\n")
    of = report.test or report.validation
    if report.comparison is None or of is None or report.evaluated_on is None:
        show_text(f"No classes to compare on: {report.choice.reason}.\n\n{report.signature}\n")
        return
    show_text(f"{_described(of)} {_CLASSES[report.evaluated_on]}\n\n")
    show(replace(report.comparison, signature=report.signature), Format.TABLE)


def _described(classes: ClassesSummary) -> str:
    return f"{classes.n_items:,} items of {classes.n_classes:,}"
