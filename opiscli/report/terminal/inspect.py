"""Draws an inspection for a person at a terminal, 80 columns wide or more."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.components import draw_components
from opiscli.report.terminal.layout import columns, described_item, heading, label, report
from opiscli.results import ClassRates, FoundPair, Inspection
from opiscli.results.text import distance, rate, score, similarity


def draw_inspection(inspection: Inspection) -> RenderableType:
    """Draw what a threshold gets wrong, the worst first."""
    decision = Text.assemble(
        (f"{_target(inspection.name)}\n", "bold cyan"),
        f"accept if similarity s ≥ {similarity(inspection.similarity)}, that is, distance"
        f" d ≤ {distance(inspection.threshold)}: FAR {rate(inspection.far)},"
        f" TAR {score(inspection.tar)}",
    )
    parts: list[RenderableType] = [
        decision,
        _classes("Classes with the highest FAR", inspection.highest_far),
        _classes("Classes with the lowest TAR", inspection.lowest_tar),
        _pairs("Nearest different-class pairs", inspection.negatives),
        _pairs("Farthest same-class pairs", inspection.positives),
        _labels(inspection),
    ]
    if inspection.components is not None:
        parts += draw_components(inspection.components, inspection.data)
    return report([heading(inspection.data)], parts, inspection.signature)


def _target(name: str) -> str:
    """``FAR ≤ 0.001`` for ``far=0.001``."""
    return f"FAR ≤ {name.removeprefix('far=')}" if name.startswith("far=") else "Given threshold"


def _classes(title: str, classes: Sequence[ClassRates]) -> Table:
    table = columns(title, "items", "FAR", "TAR", right=True)
    for rates in classes:
        numbers = f"{rates.n_items:,}", rate(rates.far), score(rates.tar)
        table.add_row(label(rates.label), *numbers)
    return table


def _pairs(title: str, pairs: Sequence[FoundPair]) -> Table:
    table = columns("similarity", "distance", title)
    for pair in pairs:
        is_wrong = pair.accepted != (pair.first.label == pair.second.label)
        style = "bold yellow" if is_wrong else ""
        both = Text("\n").join([described_item(pair.first), described_item(pair.second)])
        table.add_row(_number(pair.similarity, style), _number(pair.distance, style), both)
    return table


def _labels(inspection: Inspection) -> Table:
    title = (
        f"Possible label errors: {inspection.n_suspected:,} items whose"
        f" {inspection.n_neighbours} nearest share another label"
    )
    table = columns("similarity", "distance", title)
    for suspect in inspection.suspected_labels:
        own = "it is the only item of its class"
        if suspect.own_distance is not None:
            own = (
                f"nearest of its own class: similarity {score(suspect.own_similarity)},"
                f" distance {score(suspect.own_distance)}"
            )
        neighbours = Text.assemble(
            ("neighbours are ", "dim"), label(suspect.among), (f"; {own}", "dim")
        )
        both = Text("\n").join([described_item(suspect.item), neighbours])
        table.add_row(_number(suspect.similarity), _number(suspect.distance), both)
    return table


def _number(value: float, style: str = "") -> Text:
    return Text(score(value), style, no_wrap=True)
