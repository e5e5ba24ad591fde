"""All operating points of an evaluation, its calibration range and the lowest class scores."""

from functools import partial

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.identification import draw_searches
from opiscli.report.terminal.layout import columns, items_cells, items_columns, label
from opiscli.results import CalibrationRange, ClassRate, Evaluation, OperatingPoint, Rate
from opiscli.results.decision import decision, is_score, name_of, score_threshold
from opiscli.results.text import distance, printable, rate, score, span


def draw_every_threshold(evaluation: Evaluation) -> list[RenderableType]:
    """Draw what the first screen leaves out."""
    parts: list[RenderableType] = [_points(evaluation)]
    if evaluation.calibration_range is not None:
        parts.insert(0, _range(evaluation.calibration_range, evaluation.distance))
    parts += draw_searches(evaluation.operating_points)
    if evaluation.worst_classes:
        parts.append(_lowest_scores(evaluation))
    return parts


def _range(ends: CalibrationRange, measured: str) -> Text:
    written = partial(score_threshold, measured=measured) if is_score(measured) else distance
    return Text.assemble(
        ("Calibration range  ", "bold cyan"),
        f"{name_of(measured)} {written(ends.threshold.lo)} – {written(ends.threshold.hi)}",
        (f"  {ends.n_thresholds} thresholds\n", "dim"),
        " " * 19,
        f"FAR {span(ends.attained_far)}, FRR {span(ends.attained_frr)}",
    )


def _points(evaluation: Evaluation) -> Table:
    has_classes = any(point.worst_far is not None for point in evaluation.operating_points)
    last = "worst by FAR, by FRR" if has_classes else ""
    table = columns("Operating points", "FAR", "TAR", last)
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
                _threshold(point, evaluation.distance),
                _rate(point.far),
                _rate(point.tar_rate),
                _worst_of(point),
            )
    return table


def _threshold(point: OperatingPoint, measured: str) -> Text:
    return Text.assemble(
        ("given\n" if point.target_far is None else f"FAR ≤ {point.target_far:g}\n", "bold"),
        "\n".join(decision(point.threshold, point.similarity, measured)),
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
    if point.macro_far is not None:
        text.append(f"macro FAR {rate(point.macro_far)}", "dim")
    if point.precision is not None:
        text.append(f"\nprecision {rate(point.precision.value)}")
    return text


def _class(worst: ClassRate) -> str:
    others = f" and {worst.n_tied - 1:,} others" if worst.n_tied > 1 else ""
    return f"{rate(worst.value)} {printable(worst.label)}{others}"


def _lowest_scores(evaluation: Evaluation) -> Group:
    sizes = [worst.n_items for worst in evaluation.worst_classes]
    names = *items_columns(sizes), "mean score", "contribution to OPIS"
    table = columns("Lowest class scores", *names, right=True)
    for worst in evaluation.worst_classes:
        table.add_row(
            label(worst.label),
            *items_cells(sizes, worst.n_items),
            score(worst.mean_utility),
            rate(worst.opis_contribution),
        )
    tied = evaluation.worst_classes[0].n_tied if evaluation.worst_classes else 1
    if tied == 1:
        return Group(table)
    lowest = score(evaluation.worst_classes[0].mean_utility)
    n_classes = 0 if evaluation.opis is None else evaluation.opis.n_classes
    return Group(table, Text(f"{tied:,} of {n_classes:,} classes score {lowest}.", "dim"))
