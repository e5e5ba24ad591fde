"""Draws the connected components of an inspection, 80 columns wide or more."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.layout import bold, columns, described_item, label
from opiscli.results import ChainingPoint, Components, Data
from opiscli.results.text import printable, rate, score, similarity

_OF_NAME = {
    "inspected": "this threshold",
    "joined-far": "FAR of joined pairs kept",
    "take-off": "take-off",
    "exceeds-largest-class": "larger than any class",
    "share=0.5": "half of all items",
}


def draw_components(components: Components, data: Data) -> Iterator[RenderableType]:
    """What accepted pairs link, the largest component by threshold, and the worst by size."""
    yield Text.assemble(bold("Connected components of accepted pairs"), "\n", _headline(components))
    yield _summary(components, data)
    yield _by_threshold(components)
    if components.over_merged:
        yield _over_merged(components)
    if components.split:
        yield _split(components)


def _headline(components: Components) -> str:
    largest = components.largest
    if largest.n_classes == 1:
        return f"The largest holds {largest.n_items:,} items, all of one class."
    return (
        f"FAR {rate(largest.far)}, but {largest.n_items:,} items ({score(largest.share)} of all)"
        f" form one component of {largest.n_classes:,} classes."
    )


def _summary(components: Components, data: Data) -> Table:
    joined, rise = components.joined, components.take_off
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for name, value, more in (
        ("components", f"{components.n_components:,}", f"{components.n_alone:,} of a single item"),
        (
            "over-merged components",
            f"{components.n_over_merged:,}",
            f"of several classes, with {score(components.over_merged_share)} of all items",
        ),
        ("split classes", f"{components.n_split:,}", f"of {data.n_classes:,} classes"),
        ("intact classes", f"{components.n_intact:,}", "all of the class and nothing else"),
        (
            "FAR of joined pairs",
            rate(joined.far),
            f"TAR {score(joined.tar)}, precision {score(joined.precision)}",
        ),
        (
            "take-off at similarity",
            similarity(rise.similarity),
            f"the largest grows from {rise.n_before:,} to {rise.n_after:,} items",
        ),
    ):
        table.add_row(bold(name), value, more)
    return table


def _by_threshold(components: Components) -> Table:
    names = "similarity", "FAR", "joined FAR", "items", "classes"
    table = columns("Largest component", *names, right=True)
    inspected = components.largest.threshold
    for point in components.by_threshold:
        # A rate that was asked for is the inspected threshold itself.
        if point.name.startswith("far=") and point.threshold == inspected:
            continue
        style = "bold" if point.name == "inspected" else ""
        table.add_row(
            Text(_name(point), style),
            similarity(point.similarity),
            rate(point.far),
            rate(point.joined_far),
            f"{point.n_items:,}",
            f"{point.n_classes:,}",
        )
    return table


def _name(point: ChainingPoint) -> str:
    if point.name.startswith("far="):
        return f"FAR ≤ {point.name.removeprefix('far=')}"
    if point.name in _OF_NAME:
        return _OF_NAME[point.name]
    return f"{point.name.removeprefix('share=')} of all items"


def _over_merged(components: Components) -> Table:
    table = columns("items", "classes", "Over-merged components, by items")
    for one in components.over_merged:
        lines = [
            Text.assemble(
                described_item(item),
                (f"  {part.n_items:,} of its {part.n_of_class:,} items", "dim"),
            )
            for part, item in zip(one.largest_parts, one.examples, strict=True)
        ]
        table.add_row(f"{one.n_items:,}", f"{one.n_classes:,}", Text("\n").join(lines))
    return table


def _split(components: Components) -> Table:
    table = columns("items", "components", "Split classes, by components")
    for one in components.split:
        examples = Text(", ").join(Text(printable(item.id)) for item in one.examples)
        line = Text.assemble(
            label(one.label),
            (f"  {one.n_largest_part:,} in its largest part; such as ", "dim"),
            examples,
        )
        table.add_row(f"{one.n_items:,}", f"{one.n_components:,}", line)
    return table
