"""Draws a comparison for a person at a terminal, 80 columns wide or more."""

from string import ascii_uppercase

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.tables.changes import change_text, paired_interval
from opiscli.report.tables.facts import facts
from opiscli.report.terminal.layout import bold, columns, report
from opiscli.results import Change, ComparedMetric, Comparison
from opiscli.results.headlines import text, title
from opiscli.results.text import printable, span


def draw_comparison(comparison: Comparison) -> RenderableType:
    """Draw a line for each source and number: its value, its change, and how sure that is."""
    head = [
        Text.assemble(
            (f"{letter}  {printable(data.name)}", "bold"),
            (f"  {' · '.join(facts(data)[:2])}", "dim"),
        )
        for letter, data in zip(ascii_uppercase, comparison.data, strict=False)
    ]
    table = columns("", "  value", "95 % CI", "change", "paired 95 % CI")
    # Where there is no room, the names give way and not the numbers.
    table.columns[0].no_wrap = False
    for column in table.columns[1:]:
        column.no_wrap = True
    for metric in comparison.metrics:
        _add(table, metric, title(metric.name, comparison.epsilon))
    parts: list[RenderableType] = [table]
    if comparison.verdict:
        parts.append(bold(comparison.verdict))
    return report(head, parts, comparison.signature)


def _add(table: Table, metric: ComparedMetric, name: str) -> None:
    for position, compared in enumerate(metric.values):
        table.add_row(
            bold(name if position == 0 else ""),
            f"{ascii_uppercase[position]} {text(metric.name, compared.value)}",
            span(compared.ci).replace(" ", ""),
            _coloured(compared.change),
            paired_interval(compared.change),
        )


def _coloured(change: Change | None) -> Text:
    if change is None:
        return Text()
    style = {True: "green", False: "red", None: ""}[change.is_better]
    return Text(change_text(change), f"bold {style}" if change.is_certain else style)
