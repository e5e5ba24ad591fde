"""The first screen of an evaluation: one threshold, its rates, and how much classes differ."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.every_threshold import draw_every_threshold
from opiscli.report.terminal.groups import draw_groups
from opiscli.report.terminal.identification import draw_searches
from opiscli.report.terminal.index import draw_index
from opiscli.report.terminal.layout import bold, columns, heading, report, threshold_text
from opiscli.results import ClassRate, Evaluation, OperatingPoint, WorstShare
from opiscli.results.headlines import entries
from opiscli.results.text import printable, rate, span

_MIDDLE_FAR = 0.01


def draw_evaluation(evaluation: Evaluation, *, full: bool = False) -> RenderableType:
    """Draw the report of an evaluation.

    Parameters
    ----------
    full
        Whether all operating points, the range and the lowest class scores are drawn, too.
    """
    head = [heading(evaluation.data)]
    if evaluation.gallery is not None:
        head.append(Text.assemble(("against gallery ", "dim"), heading(evaluation.gallery)))
    parts: list[RenderableType] = [_one_threshold(evaluation), _headlines(evaluation)]
    if full:
        parts += draw_every_threshold(evaluation)
    else:
        parts += draw_searches(_searched(evaluation))
    if evaluation.deployed is not None:
        parts.append(draw_index(evaluation.deployed))
    if evaluation.groups is not None and evaluation.between_groups is not None:
        parts.append(draw_groups(evaluation.groups, evaluation.between_groups))
    return report(head, parts, evaluation.signature)


def _searched(evaluation: Evaluation) -> tuple[OperatingPoint, ...]:
    """Where searches are shown on the first screen: at a given threshold, or among a gallery."""
    points = evaluation.operating_points
    is_across = evaluation.gallery is not None
    return tuple(point for point in points if is_across or point.target_far is None)


def _one_threshold(evaluation: Evaluation) -> RenderableType:
    point = _main_point(evaluation)
    if point is None:
        targets = ", ".join(f"{p.target_far:g}" for p in evaluation.operating_points)
        return Text(f"No threshold meets any of the FAR targets {targets}.", "yellow")
    target = "given" if point.target_far is None else f"for FAR ≤ {point.target_far:g}"
    for_all = "all pairs" if evaluation.opis is None else "all classes"
    lines = Text.assemble(
        (f"One threshold for {for_all}, {target}\n", "bold cyan"),
        "accept a pair if ",
        threshold_text(point, evaluation.distance),
        "\n",
    )
    return Group(lines, _accepted(point), *_precision(point))


def _main_point(evaluation: Evaluation) -> OperatingPoint | None:
    """The point to show first: a given threshold, else that at the strict end of the range."""
    known = [point for point in evaluation.operating_points if point.far is not None]
    ends = evaluation.calibration_range
    strict = ends.far.lo if ends is not None and ends.by == "far" else _MIDDLE_FAR
    for target in (None, strict, _MIDDLE_FAR):
        for point in known:
            if point.target_far == target:
                return point
    return known[0] if known else None


def _accepted(point: OperatingPoint) -> Table:
    names = "FAR (different classes)", "TAR (same class)"
    table = columns("share of pairs accepted", *names, right=True)
    for rates, style in ((_row("all pairs", point), "bold"), (_intervals(point), "dim")):
        table.add_row(*rates, style=style)
    worst = point.worst_classes_far, point.worst_classes_tar
    if worst[0] is not None and worst[0].n_classes > 1:
        table.add_row(f"worst {worst[0].n_classes:,} by FAR, by TAR", *map(_of_several, worst))
    if point.worst_far is not None:
        table.add_row("worst class by FAR, by TAR", *_worst_class(point))
    return table


def _precision(point: OperatingPoint) -> list[Text]:
    found = point.precision
    if found is None:
        return []
    where = f"if {found.prevalence:g} of the compared pairs are positive"
    return [
        Text.assemble(
            ("precision ", "bold"), (rate(found.value), "bold"),
            f"  {where}", (f"  95 % CI {span(found.ci)}", "dim"),
        )
    ]  # fmt: skip


def _row(name: str, point: OperatingPoint) -> Sequence[str]:
    return name, rate(None if point.far is None else point.far.value), rate(point.tar)


def _intervals(point: OperatingPoint) -> Sequence[str]:
    both = [point.far, point.tar_rate]
    cells = [f"{r.k:,} / {r.n:,}\n{span(r.ci)}" if r else "" for r in both]
    return "accepted / pairs\n95 % CI", *cells


def _of_several(worst: WorstShare | None) -> str:
    return rate(None if worst is None else worst.value)


def _worst_class(point: OperatingPoint) -> tuple[Text, Text]:
    far, frr = point.worst_far, point.worst_frr
    return (
        _class(None if far is None else far.value, far),
        _class(None if frr is None else 1 - frr.value, frr),
    )


def _class(value: float | None, worst: ClassRate | None) -> Text:
    text = Text(rate(value), overflow="fold", justify="right")
    if worst is not None:
        text.append(f"\n{printable(worst.label)}")
        if worst.n_tied > 1:
            text.append(f"\nand {worst.n_tied - 1:,} others", "dim")
    return text


def _headlines(evaluation: Evaluation) -> Group:
    table = columns("", "", "95 % CI", "")
    for entry in entries(evaluation):
        number = entry.number
        # Of listed pairs nothing can be corrected for noise.
        is_known = number.value is not None or evaluation.data.n_pairs is None
        if entry.higher_is_better is not None and is_known:
            table.add_row(bold(entry.title), entry.text, span(number.ci), number.note)
    for column in table.columns[:3]:
        column.no_wrap = True
    return Group(_over(evaluation), table, Text(), Text(_reading(evaluation), "dim"))


def _over(evaluation: Evaluation) -> Text:
    ends = evaluation.calibration_range
    if ends is None or evaluation.opis is None:
        return Text("How well a threshold separates the pairs", "bold cyan")
    shown = f"{ends.far.lo:g} – {ends.far.hi:g}" if ends.by == "far" else span(ends.attained_far)
    return Text.assemble(
        ("How well and how equally one threshold works", "bold cyan"),
        (f"  over FAR {shown}", "dim"),
    )


def _reading(evaluation: Evaluation) -> str:
    opis = evaluation.opis
    intervals = f"95 % CI: confidence interval for {evaluation.pairs.new_data}."
    if opis is None:
        about = "EER is the error rate at the threshold where FAR and FRR are equal."
        return f"{about}\n{intervals}"
    lines = ["OPIS is the variance of class scores: 0 means equal, not good."]
    if opis.below_mean.share is not None:
        lines.append(
            f"{opis.below_mean.n_classes:,} of {opis.n_classes:,} classes score below the mean;"
            f" {opis.below_mean.share:.2f} of OPIS is below it."
        )
    lines.append(intervals)
    return "\n".join(lines)
