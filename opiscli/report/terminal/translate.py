"""Draws a translated threshold for a person at a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.layout import bold, columns, heading, report
from opiscli.results import Interval, Rate
from opiscli.results.text import distance, printable, rate, signed, similarity, span
from opiscli.results.translation import RateChange, Translation


def draw_translation(of: Translation) -> RenderableType:
    """Draw the threshold of the new model, and what both models accept."""
    head: list[RenderableType] = [
        Text("old model", "dim"), heading(of.old),
        Text("new model", "dim"), heading(of.new),
        Text(f"{of.n_common:,} common items", "dim"),
    ]  # fmt: skip
    parts: list[RenderableType] = [Group(_decision(of), _rates(of)), Text(_meaning(of), "dim")]
    return report(head, parts, of.signature)


def _decision(of: Translation) -> Text:
    old, new = of.old_point, of.new_point
    return Text.assemble(
        ("new model\n", "bold cyan"),
        "accept if similarity ",
        (f"s ≥ {similarity(new.similarity, 6)}", "bold"),
        ", that is, distance ",
        (f"d ≤ {distance(new.threshold, 6)}\n", "bold"),
        f"95 % CI: similarity {_span(of.similarity_ci)}, distance {_span(of.threshold_ci)}\n",
        f"old model: s ≥ {similarity(old.similarity, 6)}, d ≤ {distance(old.threshold, 6)}\n",
    )


def _span(interval: Interval) -> str:
    return f"{interval.lo:.6g} – {interval.hi:.6g}"


def _rates(of: Translation) -> Table:
    table = columns("share of pairs accepted", "old", "new", "new − old", "95 % CI", "new: pairs")
    old, new = of.old_point, of.new_point
    table.add_row(*_row("all pairs", old.accepted, new.accepted, None))
    for name, before, after, change in (
        ("FAR", old.far, new.far, of.far_change),
        ("TAR", old.tar, new.tar, of.tar_change),
    ):
        if before is not None and after is not None:
            table.add_row(*_row(name, before, after, change))
    return table


def _row(name: str, old: Rate, new: Rate, change: RateChange | None) -> Iterator[Text | str]:
    yield bold(name)
    yield rate(old.value)
    yield rate(new.value)
    yield "" if change is None else signed(change.value, 4)
    yield "" if change is None else span(change.ci)
    yield f"{new.k:,} / {new.n:,}"


def _meaning(of: Translation) -> str:
    found = "95 % CI of the threshold: confidence interval for new items of the same kind."
    if of.labels_from is None:
        return f"{found} Without labels, FAR and TAR are not known."
    return f"{found} FAR and TAR by the labels of {printable(of.labels_from)}."
