"""A comparison as the table of a paper: one row per source, one column per number."""

from opiscli.report.tables.changes import change_text
from opiscli.results import ComparedMetric, Comparison
from opiscli.results.headlines import text, title
from opiscli.results.text import printable


def paper_table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Header and cells, changes with sign and arrow."""
    metrics = comparison.metrics
    header = ["source", *(title(metric.name, comparison.epsilon) for metric in metrics)]
    rows = [
        [printable(data.name), *(_cell(metric, position) for metric in metrics)]
        for position, data in enumerate(comparison.data)
    ]
    return header, rows


def _cell(metric: ComparedMetric, position: int) -> str:
    compared = metric.values[position]
    shown = text(metric.name, compared.value)
    return shown if compared.change is None else f"{shown} {change_text(compared.change)}"
