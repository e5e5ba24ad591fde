"""Draws a check for a person at a terminal."""

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from opiscli.report.terminal.evaluation import columns, heading
from opiscli.results import Check
from opiscli.text import printable, rate


def draw_check(of: Check, console: Console) -> None:
    """Print every condition with the number it is about."""
    console.print(heading(of.data))
    table = columns("Fails if", "is", "")
    table.columns[1].justify = "right"
    for one in of.conditions:
        verdict = Text("failed", "bold red") if one.failed else Text("ok", "green")
        table.add_row(printable(one.condition), rate(one.value), verdict)
    console.print()
    console.print(Padding(table, (0, 0, 0, 2)))
    console.print()
    console.print(Text(of.signature, style="dim"), soft_wrap=True)
