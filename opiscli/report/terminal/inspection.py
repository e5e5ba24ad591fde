"""Draws an inspection for a person at a terminal, 80 columns wide or more."""

from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.evaluation import columns, heading
from opiscli.results import ClassRates, FoundPair, Inspection, Item
from opiscli.text import printable, rate, score


def draw_inspection(of: Inspection, console: Console) -> None:
    """Print what a threshold gets wrong, the worst first."""
    console.print(heading(of.data))
    decision = Text.assemble(
        (f"{of.name}  ", "bold cyan"),
        f"d ≤ {score(of.threshold)}, s ≥ {score(of.similarity)},"
        f" FAR {rate(of.far)}, TAR {score(of.tar)}",
    )
    parts: list[Table | Text] = [
        decision,
        _classes("Highest FAR", of.highest_far),
        _classes("Lowest TAR", of.lowest_tar),
        _pairs("Nearest negative pairs", of.negatives),
        _pairs("Farthest positive pairs", of.positives),
        _labels(of),
    ]
    for part in parts:
        console.print()
        console.print(Padding(part, (0, 0, 0, 2)))
    console.print()
    console.print(Text(of.signature, style="dim"), soft_wrap=True)


def _classes(title: str, classes: Sequence[ClassRates]) -> Table:
    table = columns(title, "items", "FAR", "TAR")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in classes:
        table.add_row(_plain(one.label), f"{one.n_items:,}", rate(one.far), score(1 - one.frr))
    return table


def _pairs(title: str, pairs: Sequence[FoundPair]) -> Table:
    table = columns("distance", title)
    for pair in pairs:
        is_wrong = pair.accepted != (pair.first.label == pair.second.label)
        style = "bold yellow" if is_wrong else ""
        both = Text("\n").join([_item(pair.first), _item(pair.second)])
        table.add_row(Text(score(pair.distance), style), both)
    return table


def _labels(of: Inspection) -> Table:
    title = (
        f"Suspected labels: {of.n_suspected:,} items whose {of.n_neighbours} nearest are all of"
        " one other class"
    )
    table = columns("distance", title)
    for one in of.suspected_labels:
        own = "the only one of its class"
        if one.own_distance is not None:
            own = f"its own at {score(one.own_distance)}"
        among = Text.assemble(("among ", "dim"), _plain(one.among), (f", {own}", "dim"))
        table.add_row(score(one.distance), Text("\n").join([_item(one.item), among]))
    return table


def _item(item: Item) -> Text:
    text = Text.assemble((f"{printable(item.id)}  ", "dim"), printable(item.label))
    for value in item.show.values():
        text.append(f"  {printable(value)}", "cyan")
    return text


def _plain(label: str) -> Text:
    return Text(printable(label), overflow="ellipsis", no_wrap=True)
