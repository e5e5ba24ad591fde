"""Draws an evaluation for a person at a terminal, 80 columns wide or more."""

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.groups import draw_groups
from opiscli.report.terminal.layout import bold, columns, heading, label, report
from opiscli.results import Deployed, Evaluation, OperatingPoint, Rate
from opiscli.results.headlines import entries
from opiscli.results.text import distance, printable, rate, score, similarity, span


def draw_evaluation(evaluation: Evaluation) -> RenderableType:
    """Draw the report of an evaluation."""
    head = [heading(evaluation.data)]
    if evaluation.gallery is not None:
        head.append(Text.assemble(("against gallery ", "dim"), heading(evaluation.gallery)))
    parts: list[RenderableType] = [
        _headlines(evaluation),
        _range(evaluation),
        _points(evaluation),
        _worst(evaluation),
    ]
    if evaluation.deployed is not None:
        parts.insert(-1, _deployed(evaluation.deployed))
    if evaluation.groups is not None and evaluation.between_groups is not None:
        parts.append(draw_groups(evaluation.groups, evaluation.between_groups))
    return report(head, parts, evaluation.signature)


def _headlines(evaluation: Evaluation) -> Table:
    table = columns("", "", "95 % interval", "")
    for entry in entries(evaluation):
        if entry.higher_is_better is not None:
            number = entry.number
            table.add_row(bold(entry.title), entry.text, span(number.ci), number.note)
    return table


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
    for point in evaluation.operating_points:
        if point.far is None or point.tar_rate is None:
            table.add_row(f"FAR ≤ {point.target_far:g}", Text("not attainable", "yellow"), "", "")
        else:
            if table.row_count:
                table.add_row()
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
    text = Text(no_wrap=True, overflow="ellipsis")
    for name, worst in (("FAR", point.worst_far), ("FRR", point.worst_frr)):
        if worst is not None:
            text.append(f"{name} {rate(worst.value)} {printable(worst.label)}\n")
    return text.append(f"macro FAR {rate(point.macro_far)}", "dim")


def _deployed(deployed: Deployed) -> Table:
    table = columns("Through the index", "exact", printable(deployed.index), right=True)
    for column in table.columns[1:]:
        column.no_wrap, column.max_width = True, 40
    for name, number in (("R@1", deployed.recall_at_1), ("OPIS", deployed.opis)):
        show = score if name == "R@1" else rate
        table.add_row(bold(name), show(number.exact), show(number.deployed))
    for point in deployed.operating_points:
        for name, number in (("FAR", point.far), ("TAR", point.tar)):
            at = Text.assemble((name, "bold"), f" at d ≤ {distance(point.threshold)}")
            table.add_row(at, rate(number.exact), rate(number.deployed))
    table.add_row("Bytes per item", "", f"{deployed.bytes_per_item:,.4g}")
    return table


def _worst(evaluation: Evaluation) -> Table:
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
    return table
