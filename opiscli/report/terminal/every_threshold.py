"""All operating points of an evaluation, its calibration range and the lowest class scores."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.identification import draw_searches
from opiscli.report.terminal.layout import columns, label
from opiscli.results import ClassRate, Evaluation, OperatingPoint, Rate
from opiscli.results.text import distance, printable, rate, score, similarity, span


def draw_every_threshold(evaluation: Evaluation) -> list[RenderableType]:
    """Draw what the first screen leaves out."""
    searches = draw_searches(evaluation.operating_points)
    return [_range(evaluation), _points(evaluation), *searches, _lowest_scores(evaluation)]


def _range(evaluation: Evaluation) -> Text:
    ends = evaluation.calibration_range
    return Text.assemble(
        ("Calibration range  ", "bold cyan"),
        f"{evaluation.distance} distance"
        f" {distance(ends.threshold.lo)} – {distance(ends.threshold.hi)}",
        (f"  {ends.n_thresholds} thresholds\n", "dim"),
        " " * 19,
        f"FAR {span(ends.attained_far)}, FRR {span(ends.attained_frr)}",
    )


def _points(evaluation: Evaluation) -> Table:
    table = columns("Operating points", "FAR", "TAR", "worst by FAR, by FRR")
    table.columns[1].justify = table.columns[2].justify = "right"
    for column in table.columns[:3]:
        column.no_wrap = True
    for point in evaluation.operating_points:
        if table.row_count:
            table.add_row()
        if point.far is None or point.tar_rate is None:
            table.add_row(f"FAR ≤ {point.target_far:g}", Text("unattainable", "yellow"), "", "")
        else:
            table.add_row(
                _threshold(point), _rate(point.far), _rate(point.tar_rate), _worst_of(point)
            )
    return table


def _threshold(point: OperatingPoint) -> Text:
    return Text.assemble(
        ("given\n" if point.target_far is None else f"FAR ≤ {point.target_far:g}\n", "bold"),
        f"s ≥ {similarity(point.similarity)}\nd ≤ {distance(point.threshold)}",
    )


def _rate(shown: Rate) -> Text:
    return Text.assemble(
        (f"{rate(shown.value)}\n", "bold"),
        (f"{shown.k:,} / {shown.n:,}\n", "dim"),
        (span(shown.ci), "dim"),
    )


def _worst_of(point: OperatingPoint) -> Text:
    text = Text(overflow="fold")
    for name, worst in (("FAR", point.worst_far), ("FRR", point.worst_frr)):
        if worst is not None:
            text.append(f"{name} {_class(worst)}\n")
    text.append(f"macro FAR {rate(point.macro_far)}", "dim")
    if point.precision is not None:
        text.append(f"\nprecision {rate(point.precision.value)}")
    return text


def _class(worst: ClassRate) -> str:
    others = f" and {worst.n_tied - 1:,} others" if worst.n_tied > 1 else ""
    return f"{rate(worst.value)} {printable(worst.label)}{others}"


def _lowest_scores(evaluation: Evaluation) -> Group:
    table = columns(
        "Lowest class scores", "items", "mean score", "contribution to OPIS", right=True
    )
    for worst in evaluation.worst_classes:
        table.add_row(
            label(worst.label),
            f"{worst.n_items:,}",
            score(worst.mean_utility),
            rate(worst.opis_contribution),
        )
    tied = evaluation.worst_classes[0].n_tied if evaluation.worst_classes else 1
    if tied == 1:
        return Group(table)
    lowest = score(evaluation.worst_classes[0].mean_utility)
    n_classes = evaluation.opis.n_classes
    return Group(table, Text(f"{tied:,} of {n_classes:,} classes score {lowest}.", "dim"))
