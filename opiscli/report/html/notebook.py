"""A result as a small table for a notebook: no style of its own, nothing but what it shows."""

from collections.abc import Iterable, Sequence
from functools import singledispatch

from opiscli.report.html.templates import render
from opiscli.report.tables.facts import facts
from opiscli.report.tables.paper_table import paper_table
from opiscli.report.tables.row import Row, place
from opiscli.report.tables.rows import rows
from opiscli.results import (
    Calibration,
    Check,
    Comparison,
    Evaluation,
    Inspection,
    OperatingPoint,
    Result,
)
from opiscli.results.decision import decision
from opiscli.results.headline import Entry, Number
from opiscli.results.headlines import entries, point_entries, text
from opiscli.results.text import score, span
from opiscli.results.translation import Translation
from opiscli.results.unlabelled import UnlabelledCalibration

Table = tuple[Sequence[str], Iterable[Sequence[str]]]

_HEADER = ("", "value", "95 % CI", "")
_POINT_NUMBERS = ("far", "tar")


def notebook_table(result: Result) -> str:
    """Write a fragment of HTML."""
    header, cells = _table(result)
    data = getattr(result, "data", ())
    sets = data if isinstance(data, tuple) else (data,)
    return render(
        "notebook.html",
        name=" · ".join(each.name for each in sets),
        facts=facts(sets[0]) if len(sets) == 1 else (),
        header=header,
        rows=cells,
        signature=result.signature,
    )


@singledispatch
def _table(result: object) -> Table:
    raise TypeError(f"no table is known for {type(result).__name__}")


@_table.register
def _(result: Evaluation) -> Table:
    found = [_cells(entry) for entry in entries(result) if entry.higher_is_better is not None]
    for point in result.operating_points:
        name = place(point).removeprefix("@")
        found += _point(point, name, result.distance, _POINT_NUMBERS)
    return _HEADER, found


@_table.register
def _(result: Calibration) -> Table:
    points = result.operating_points
    return _HEADER, [row for point in points for row in _point(point, point.name, result.distance)]


@_table.register
def _(result: UnlabelledCalibration) -> Table:
    points = result.operating_points
    return _HEADER, [
        row for point in points for row in _point(point, point.name, result.distance, ("far",))
    ]


@_table.register
def _(result: Translation) -> Table:
    return _HEADER, [
        (row.metric, score(row.value), span(_interval(row)), _counts(row)) for row in rows(result)
    ]


@_table.register
def _(result: Check) -> Table:
    return ("condition", "value", "result"), [
        (check.condition, text(check.name, check.value), "FAIL" if check.failed else "pass")
        for check in result.conditions
    ]


@_table.register
def _(result: Comparison) -> Table:
    return paper_table(result)


@_table.register
def _(result: Inspection) -> Table:
    return ("finding", "value", ""), [
        (row.metric, score(row.value), row.label or "") for row in rows(result)
    ]


def _interval(row: Row) -> tuple[float, float] | None:
    return None if row.ci_lo is None or row.ci_hi is None else (row.ci_lo, row.ci_hi)


def _counts(row: Row) -> str:
    return "" if row.k is None else f"{row.k:,} / {row.n:,}"


def _point(
    point: OperatingPoint, name: str, measured: str, numbers: Sequence[str] = ()
) -> list[tuple[str, str, str, str]]:
    """A threshold and the numbers there, all of them if none are named."""
    if point.threshold is None:
        return [(name, "not attainable", "", "")]
    least, *most = decision(point.threshold, point.similarity, measured)
    return [
        (name, least, "", "".join(most)),
        *(
            _cells(entry)
            for entry in point_entries(point, "")
            if not numbers or entry.name in numbers
        ),
    ]


def _cells(entry: Entry) -> tuple[str, str, str, str]:
    return entry.title, entry.text, span(entry.number.ci), _detail(entry.number)


def _detail(number: Number) -> str:
    if number.k is not None and number.n is not None:
        return f"{number.k:,} / {number.n:,}"
    return number.label or number.note
