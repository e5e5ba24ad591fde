"""Draws the metrics through an approximate index next to the exact ones."""

from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.layout import bold, columns
from opiscli.results import Deployed
from opiscli.results.text import distance, printable, rate, score


def draw_index(deployed: Deployed) -> Table:
    """Draw R@1, OPIS and the rates at the exact thresholds, exact and through the index."""
    table = columns("Through the index", "exact", printable(deployed.index), right=True)
    for name, number in (("R@1", deployed.recall_at_1), ("OPIS", deployed.opis)):
        show = score if name == "R@1" else rate
        table.add_row(bold(name), show(number.exact), show(number.deployed))
    for point in deployed.operating_points:
        for name, number in (("FAR", point.far), ("TAR", point.tar)):
            at = Text.assemble((name, "bold"), f" at d ≤ {distance(point.threshold)}")
            table.add_row(at, rate(number.exact), rate(number.deployed))
    table.add_row("Bytes per item", "", f"{deployed.bytes_per_item:,.4g}")
    return table
