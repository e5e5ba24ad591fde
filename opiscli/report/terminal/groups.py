"""Draws rates inside groups of items, and how much the groups differ."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.layout import bold, columns, label
from opiscli.results import BetweenGroups, EvaluatedGroup, GroupedRates, GroupRates, OperatingPoint
from opiscli.results.text import distance, printable, rate, score

_SHOWN = 12
_MIDDLE_POINT = 1


def draw_groups(groups: Sequence[EvaluatedGroup], between: BetweenGroups) -> Group:
    """Draw groups by the score of each taken as one class, lowest first."""
    points = [group.operating_points[_MIDDLE_POINT] for group in groups if group.opis]
    at = f" at d ≤ {distance(points[0].threshold)}" if points else ""
    names = ("items", "R@1", "OPIS", "score", f"FAR{at}", "TAR")
    table = _table(between.column, *names)
    known = sorted(groups, key=_by_score)
    for group in known[:_SHOWN]:
        table.add_row(*_evaluated(group))
    summary = Text.assemble(
        ("OPIS between groups  ", "bold"),
        rate(between.opis),
        (_more(len(groups)), "dim"),
    )
    return Group(table, summary)


def _by_score(group: EvaluatedGroup) -> tuple[bool, float]:
    return group.pooled_utility is None, group.pooled_utility or 0.0


def _evaluated(group: EvaluatedGroup) -> list[Text | str]:
    recall = None if not group.recall else next(iter(group.recall.values())).value
    point = group.operating_points[_MIDDLE_POINT] if group.operating_points else None
    return [
        label(group.group),
        f"{group.n_items:,}",
        score(recall),
        rate(None if group.opis is None else group.opis.value),
        score(group.pooled_utility),
        _far(point),
        score(None if point is None else point.tar),
    ]


def draw_group_rates(rates: GroupedRates) -> Group:
    """Draw groups by their FAR, highest first, and the disparity between all."""
    table = _table(rates.column, "items", "FAR", "accepted", "FRR")
    known = sorted(rates.groups, key=lambda group: -1.0 if group.far is None else group.far.value)
    for group in known[::-1][:_SHOWN]:
        counted = "" if group.far is None else f"{group.far.k:,} / {group.far.n:,}"
        frr = None if group.frr is None else group.frr.value
        items = f"{group.n_items:,}"
        table.add_row(label(group.group), items, _far(group), counted, score(frr))
    table.add_row(Text(_more(len(rates.groups)), "dim"))
    disparity = columns("Disparity between groups", "Max/GeoMean", "Gini")
    for name, found in (("FAR", rates.far), ("FRR", rates.frr)):
        if found is not None:
            ratio = rate(found.max_over_geometric_mean)
            disparity.add_row(bold(name), ratio, rate(found.gini))
    disparity.add_row(bold("GARBE"), "", rate(rates.garbe))
    return Group(table, disparity)


def _table(column: str, *names: str) -> Table:
    table = columns(f"Per {printable(column)} (pairs within each)", *names, right=True)
    for each in table.columns[1:]:
        each.no_wrap = True
    return table


def _far(rates: GroupRates | OperatingPoint | None) -> str:
    return rate(None if rates is None or rates.far is None else rates.far.value)


def _more(n_groups: int) -> str:
    return f"  {n_groups - _SHOWN:,} more groups in --json" if n_groups > _SHOWN else ""
