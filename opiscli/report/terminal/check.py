"""Draws a check for a person at a terminal."""

from rich.console import RenderableType
from rich.text import Text

from opiscli.report.terminal.layout import columns, heading, report
from opiscli.results import Check
from opiscli.results.headlines import text
from opiscli.results.text import printable


def draw_check(check: Check) -> RenderableType:
    """Draw every condition with the value of its number."""
    table = columns("condition", "value", "result")
    table.columns[1].justify = "right"
    for condition in check.conditions:
        result = Text("FAIL", "bold red") if condition.failed else Text("pass", "green")
        table.add_row(printable(condition.condition), text(condition.name, condition.value), result)
    return report([heading(check.data)], [table], check.signature)
