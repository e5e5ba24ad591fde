"""What all drawings share: the frame of a report, tables without lines, names and rates."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opiscli.report.tables.facts import facts
from opiscli.results import Data, Item, OperatingPoint, Rate
from opiscli.results.decision import decision
from opiscli.results.text import printable, rate, span
from opiscli.results.unlabelled import ItemData


def report(
    head: Sequence[RenderableType], parts: Sequence[RenderableType], signature: str
) -> Group:
    """Draw a report: what it is of, its parts with a line between them, the signature."""
    lines = list(head)
    for part in parts:
        lines += [Text(), Padding(part, (0, 0, 0, 2))]
    # The signature is copied and searched for: it stays on one line, however long.
    return Group(*lines, Text(), Text(signature, style="dim", no_wrap=True, overflow="ignore"))


def heading(data: Data | ItemData) -> Text:
    """Name and size of what a result is of, in two lines."""
    return Text.assemble((printable(data.name), "bold"), "\n", (" · ".join(facts(data)), "dim"))


def columns(title: str, *names: str, right: bool = False) -> Table:
    """Make an empty table without lines; text too wide for its column wraps.

    Parameters
    ----------
    right
        Whether the other columns hold numbers, which are aligned at the right.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold cyan", pad_edge=False)
    table.add_column(Text(title), overflow="fold")
    for name in names:
        table.add_column(Text(name, "cyan"), justify="right" if right else "left", overflow="fold")
    return table


def items_columns(sizes: Sequence[int | None]) -> list[str]:
    """Name of the column of items of classes; none where they are not known, as of listed pairs."""
    return [] if all(size is None for size in sizes) else ["items"]


def items_cells(sizes: Sequence[int | None], size: int | None) -> list[str]:
    """The cell of that column, where there is one."""
    return [f"{size or 0:,}" for _ in items_columns(sizes)]


def bold(text: str) -> Text:
    """Text that may contain anything, in bold."""
    return Text(text, "bold")


def label(name: str) -> Text:
    """Full name of a class or group; it wraps if there is no room."""
    return Text(printable(name) or "''", overflow="fold")


def described_item(item: Item) -> Text:
    """Id, label and the columns to show of an item."""
    text = Text.assemble((f"{printable(item.id)}  ", "dim"), printable(item.label))
    for value in item.show.values():
        text.append(f"  {printable(value)}", "cyan")
    return text


def threshold_text(point: OperatingPoint, measured: str, decimals: int = 4) -> Text:
    """Write under which condition a threshold accepts a pair, with the numbers in bold.

    Parameters
    ----------
    measured
        What the threshold is measured in.
    """
    found = decision(point.threshold, point.similarity, measured, decimals)
    if len(found) == 1:
        return bold(found[0])
    return Text.assemble("similarity ", (found[0], "bold"), ", that is, distance ", bold(found[1]))


def rate_row(name: str, shown: Rate) -> tuple[Text, str, str, str]:
    """Name, value, interval and counts of a rate."""
    return bold(name), rate(shown.value), span(shown.ci), f"{shown.k:,} / {shown.n:,}"
