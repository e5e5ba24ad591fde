"""Draws a calibration without labels for a person at a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.engines import engine_lines
from opiscli.report.terminal.layout import bold, columns, heading, rate_row, report
from opiscli.results.text import distance, rate, similarity
from opiscli.results.unlabelled import UnlabelledCalibration, UnlabelledPoint


def draw_unlabelled(calibration: UnlabelledCalibration) -> RenderableType:
    """Draw the thresholds of a calibration, and which pairs each accepts."""
    head = [heading(calibration.data)]
    if calibration.impostors is not None:
        head += [Text("compared with impostors", "dim"), heading(calibration.impostors)]
    parts: list[RenderableType] = [
        Group(_decision(point), *engine_lines(point.engines), _rates(point))
        for point in calibration.operating_points
    ]
    parts.append(Text(_meaning(calibration), "dim"))
    return report(head, parts, calibration.signature)


def _decision(point: UnlabelledPoint) -> Text:
    name = {"far": "FAR ≤ ", "threshold": "distance ≤ ", "similarity": "similarity ≥ "}
    asked = f"{name[point.criterion]}{point.target:g}"
    if point.confidence is not None:
        asked += f", with {100 * point.confidence:g} % confidence"
    return Text.assemble(
        (f"{asked}\n", "bold cyan"),
        "accept if similarity ",
        (f"s ≥ {similarity(point.similarity, 6)}", "bold"),
        ", that is, distance ",
        (f"d ≤ {distance(point.threshold, 6)}\n", "bold"),
    )


def _rates(point: UnlabelledPoint) -> Table:
    table = columns("", "", "95 % CI", "accepted / pairs")
    if point.far is None:
        return table
    name, value, interval, counts = rate_row("FAR", point.far)
    if point.far_is_upper_bound:
        value = f"≤ {value}"
    if point.far_bound is not None:
        bound = point.far_bound
        interval = f"≤ {rate(bound.value)} ({100 * bound.confidence:g} %)"
    table.add_row(name, value, interval, counts)
    if point.far_is_upper_bound:
        table.add_row(*rate_row("all pairs", point.accepted))
    table.add_row(bold("TAR"), "–", "", "same-class pairs are not known")
    return table


def _meaning(calibration: UnlabelledCalibration) -> str:
    units = " and ".join(f"new {unit}" for unit in dict.fromkeys(calibration.intervals_over))
    interval = f"95 % CI: confidence interval for {units} of the same kind."
    if calibration.max_positive_share is None:
        return f"Every pair is of an item and an impostor. {interval}"
    return (
        f"If at most {calibration.max_positive_share:g} of all pairs are positive, FAR is at most"
        f" the accepted share divided by {1 - calibration.max_positive_share:g}. {interval}"
    )
