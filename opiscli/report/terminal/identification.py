"""Draws the error rates of searches for the nearest item."""

from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.layout import bold, columns
from opiscli.results import CalibratedPoint, Identification, OperatingPoint, SearchRate
from opiscli.results.text import distance, rate, span


def draw_searches(points: tuple[OperatingPoint, ...]) -> list[Table]:
    """Draw FPIR and FNIR at every threshold, in a table; none where searches were not counted."""
    found = [(point, point.identification) for point in points if point.identification is not None]
    if not found:
        return []
    table = columns(f"Search among {found[0][1].n_gallery:,} items", "FPIR", "FNIR", right=True)
    for point, searches in found:
        name = "given" if point.target_far is None else f"FAR ≤ {point.target_far:g}"
        table.add_row(name, *(_cell(one) for one in (searches.fpir, searches.fnir)))
    return [table]


def search_rows(found: Identification | None) -> list[tuple[Text, str, str, str]]:
    """Name, value, interval and counts of FPIR and FNIR."""
    if found is None:
        return []
    among = f" among {found.n_gallery:,} items"
    rows = [_row("FPIR", found.fpir, among), _row("FNIR", found.fnir, "")]
    if (alone := found.threshold_alone) is not None:
        at = f" at d ≤ {distance(alone.threshold)}"
        rows += [
            _row("FPIR without margin", alone.fpir, at),
            _row("FNIR without margin", alone.fnir, at),
        ]
    return rows


def margin_line(point: CalibratedPoint) -> list[Text]:
    """What a search demands beside the threshold, and what that does on held-out classes."""
    found = point.identification
    if found is None or found.margin is None:
        return []
    lines = [
        Text.assemble(
            "in a search, accept the nearest item only if the nearest of any other class is at"
            " least ",
            (f"{found.margin:.6g}", "bold"),
            " farther",
        )
    ]
    held = None if point.holdout is None else point.holdout.margin
    if held is not None:
        lines.append(
            Text(
                f"on held-out classes with it: FNIR {rate(held.fnir)}, FPIR {rate(held.fpir)};"
                f" without: FNIR {rate(held.fnir_alone)}, FPIR {rate(held.fpir_alone)};"
                f" FNIR is lower with it in {held.n_lower} of {held.n} splits"
            )
        )
    return [*lines, Text()]


def _cell(shown: SearchRate) -> Text:
    return Text.assemble(
        (f"{rate(shown.value)}\n", "bold"),
        (f"{shown.k:,} / {shown.n:,}\n", "dim"),
        (span(shown.ci), "dim"),
    )


def _row(name: str, shown: SearchRate, among: str) -> tuple[Text, str, str, str]:
    counts = f"{shown.k:,} / {shown.n:,} searches{among}"
    return bold(name), rate(shown.value), span(shown.ci), counts
