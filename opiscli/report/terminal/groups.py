"""Draws what was found inside groups of items, and between them."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.evaluation import columns
from opiscli.results import BetweenGroups, EvaluatedGroup, GroupedRates, GroupRates, OperatingPoint
from opiscli.text import printable, rate, score

_SHOWN = 12
_TELLING = 1  # of the three operating points, the one in the middle


def draw_groups(groups: Sequence[EvaluatedGroup], between: BetweenGroups) -> Group:
    """Groups by the utility of the common thresholds for them, lowest first."""
    name = printable(between.column)
    told = next((group.operating_points[_TELLING] for group in groups if group.opis), None)
    at = "" if told is None else f" at d ≤ {score(told.threshold)}"
    heading = ("items", "R@1", "OPIS", "utility", f"FAR{at}", "TAR")
    table = _right(f"Inside each {name}", *heading)
    known = sorted(groups, key=lambda one: (one.pooled_utility is None, one.pooled_utility or 0))
    for group in known[:_SHOWN]:
        table.add_row(*_evaluated(group))
    summary = Text.assemble(
        ("OPIS between groups  ", "bold"),
        rate(between.opis),
        (_more(len(groups)), "dim"),
    )
    return Group(table, summary)


def _evaluated(group: EvaluatedGroup) -> list[Text | str]:
    recall = None if not group.recall else next(iter(group.recall.values())).value
    point = group.operating_points[_TELLING] if group.operating_points else None
    return [
        _name(group.group),
        f"{group.n_items:,}",
        score(recall),
        rate(None if group.opis is None else group.opis.value),
        score(group.pooled_utility),
        _far(point),
        score(None if point is None else point.tar),
    ]


def draw_group_rates(of: GroupedRates) -> Group:
    """Groups by their FAR, highest first, and how unequal all are."""
    table = _right(f"Inside each {printable(of.column)}", "items", "FAR", "accepted", "FRR")
    known = sorted(of.groups, key=lambda one: -1.0 if one.far is None else one.far.value)
    for group in known[::-1][:_SHOWN]:
        counted = "" if group.far is None else f"{group.far.k:,} / {group.far.n:,}"
        frr = None if group.frr is None else group.frr.value
        items = f"{group.n_items:,}"
        table.add_row(_name(group.group), items, _far(group), counted, score(frr))
    table.add_row(Text(_more(len(of.groups)), "dim"))
    unequal = columns("How unequal", "Max/GeoMean", "Gini")
    for name, found in (("FAR", of.far), ("FRR", of.frr)):
        if found is not None:
            ratio = rate(found.max_over_geometric_mean)
            unequal.add_row(Text(name, "bold"), ratio, rate(found.gini))
    unequal.add_row(Text("GARBE", "bold"), "", rate(of.garbe))
    return Group(table, unequal)


def _far(of: GroupRates | OperatingPoint | None) -> str:
    return rate(None if of is None or of.far is None else of.far.value)


def _name(group: str) -> Text:
    return Text(printable(group) or "''", overflow="ellipsis", no_wrap=True)


def _right(title: str, *names: str) -> Table:
    table = columns(title, *names)
    for column in table.columns[1:]:
        column.justify, column.no_wrap = "right", True
    return table


def _more(n_groups: int) -> str:
    return f"  {n_groups - _SHOWN:,} more groups in --json" if n_groups > _SHOWN else ""
