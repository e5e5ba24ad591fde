"""Draws an inspection for a person at a terminal, 80 columns wide or more."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.layout import columns, heading, label, report
from opiscli.results import ClassRates, FoundPair, Inspection, Item
from opiscli.results.text import distance, printable, rate, score, similarity


def draw_inspection(inspection: Inspection) -> RenderableType:
    """Draw what a threshold gets wrong, the worst first."""
    decision = Text.assemble(
        (f"{inspection.name}  ", "bold cyan"),
        f"s ≥ {similarity(inspection.similarity)}, d ≤ {distance(inspection.threshold)},"
        f" FAR {rate(inspection.far)}, TAR {score(inspection.tar)}",
    )
    parts: list[RenderableType] = [
        decision,
        _classes("Classes with the highest FAR", inspection.highest_far),
        _classes("Classes with the lowest TAR", inspection.lowest_tar),
        _pairs("Nearest different-class pairs", inspection.negatives),
        _pairs("Farthest same-class pairs", inspection.positives),
        _labels(inspection),
    ]
    return report([heading(inspection.data)], parts, inspection.signature)


def _classes(title: str, classes: Sequence[ClassRates]) -> Table:
    table = columns(title, "items", "FAR", "TAR", right=True)
    for rates in classes:
        numbers = f"{rates.n_items:,}", rate(rates.far), score(rates.tar)
        table.add_row(label(rates.label), *numbers)
    return table


def _pairs(title: str, pairs: Sequence[FoundPair]) -> Table:
    table = columns("distance", title)
    for pair in pairs:
        is_wrong = pair.accepted != (pair.first.label == pair.second.label)
        style = "bold yellow" if is_wrong else ""
        both = Text("\n").join([_item(pair.first), _item(pair.second)])
        table.add_row(Text(score(pair.distance), style), both)
    return table


def _labels(inspection: Inspection) -> Table:
    title = (
        f"Possible label errors: {inspection.n_suspected:,} items whose"
        f" {inspection.n_neighbours} nearest share another label"
    )
    table = columns("distance", title)
    for suspect in inspection.suspected_labels:
        own = "it is the only item of its class"
        if suspect.own_distance is not None:
            own = f"its own class is at {score(suspect.own_distance)}"
        neighbours = Text.assemble(
            ("neighbours are ", "dim"), label(suspect.among), (f"; {own}", "dim")
        )
        both = Text("\n").join([_item(suspect.item), neighbours])
        table.add_row(score(suspect.distance), both)
    return table


def _item(item: Item) -> Text:
    text = Text.assemble((f"{printable(item.id)}  ", "dim"), printable(item.label))
    for value in item.show.values():
        text.append(f"  {printable(value)}", "cyan")
    return text
