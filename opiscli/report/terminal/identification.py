"""Draws the error rates of searches for the nearest item."""

from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.layout import bold, columns
from opiscli.results import Identification, OperatingPoint, SearchRate
from opiscli.results.text import rate, span


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
    return [_row("FPIR", found.fpir, among), _row("FNIR", found.fnir, "")]


def _cell(shown: SearchRate) -> Text:
    return Text.assemble(
        (f"{rate(shown.value)}\n", "bold"),
        (f"{shown.k:,} / {shown.n:,}\n", "dim"),
        (span(shown.ci), "dim"),
    )


def _row(name: str, shown: SearchRate, among: str) -> tuple[Text, str, str, str]:
    counts = f"{shown.k:,} / {shown.n:,} searches{among}"
    return bold(name), rate(shown.value), span(shown.ci), counts
