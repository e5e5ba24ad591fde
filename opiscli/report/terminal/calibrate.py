"""Draws a calibration for a person at a terminal, 80 columns wide or more."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.engines import engine_lines
from opiscli.report.terminal.groups import draw_group_rates
from opiscli.report.terminal.identification import margin_line, search_rows
from opiscli.report.terminal.layout import (
    bold,
    columns,
    heading,
    items_cells,
    items_columns,
    label,
    rate_row,
    report,
    threshold_text,
)
from opiscli.report.terminal.probability import draw_probability
from opiscli.results import (
    CalibratedPoint,
    Calibration,
    Holdout,
    OneSidedBound,
    OwnThresholdGain,
    Precision,
)
from opiscli.results.decision import is_score, sign_of
from opiscli.results.text import distance, rate, score, span

_Row = tuple[Text, str, str, str]


def draw_calibration(calibration: Calibration) -> RenderableType:
    """Draw the thresholds of a calibration and what each does."""
    head = [heading(calibration.data)]
    if calibration.gallery is not None:
        head.append(Text.assemble(("against gallery ", "dim"), heading(calibration.gallery)))
    if calibration.evaluation_data is not None:
        head += [Text("rates measured on", "dim"), heading(calibration.evaluation_data)]
    parts: list[RenderableType] = []
    for point in calibration.operating_points:
        decision = _decision(point, calibration.distance)
        more = (*margin_line(point), *_guarantee(point), *engine_lines(point.engines))
        parts.append(Group(decision, *more, _rates(point), *_classes(point)))
        if point.groups is not None:
            parts.append(draw_group_rates(point.groups))
    if calibration.probability is not None:
        parts.append(draw_probability(calibration.probability, calibration.distance))
    if calibration.own_thresholds is not None:
        parts.append(_own_thresholds(calibration.own_thresholds))
    return report(head, parts, calibration.signature)


def _decision(point: CalibratedPoint, measured: str) -> Text:
    name = {
        "far": "FAR ≤ ",
        "frr": "FRR ≤ ",
        "tar": "TAR ≥ ",
        "precision": "precision ≥ ",
        "fpir": "FPIR ≤ ",
        "threshold": "distance ≤ ",
        "similarity": "similarity ≥ ",
    }
    if is_score(measured):
        name["threshold"] = f"score {sign_of(measured)} "
    asked = (
        {"eer": "FAR = FRR", "max-utility": "highest mean class score"}[point.criterion]
        if point.target is None
        else f"{name[point.criterion]}{point.target:g}"
    )
    is_rate = point.criterion != "threshold" and point.target is not None
    if point.average == "macro" and is_rate:
        asked += ", mean over classes"
    if point.confidence is not None and point.class_guarantee is None:
        asked += f", with {100 * point.confidence:g} % confidence"
    return Text.assemble(
        (f"{asked}\n", "bold cyan"),
        "accept if ",
        threshold_text(point, measured, 6),
        "\n",
    )


def _rates(point: CalibratedPoint) -> Table:
    table = columns("", "", "95 % CI", "accepted / pairs")
    is_macro, is_same_set = point.average == "macro", point.calibrated_far is None
    pooled = None if is_macro else point.far_bound
    macro = point.far_bound if is_macro else None
    if point.far is not None and point.tar_rate is not None:
        table.add_row(*_bounded(rate_row("FAR", point.far), pooled if is_same_set else None))
        table.add_row(*rate_row("TAR", point.tar_rate))
    if point.precision is not None:
        table.add_row(*_precision(point.precision))
    if point.probability is not None:
        shown = rate(point.probability)
        table.add_row(bold("probability"), shown, "", "of a pair at the threshold")
    if point.macro_far is not None:
        table.add_row(*_bounded(_macro(point), macro if is_same_set else None))
    for row in search_rows(point.identification):
        table.add_row(*row)
    if point.calibrated_far is not None:
        before = rate_row("FAR on the calibration set", point.calibrated_far)
        table.add_row(*_bounded(before, pooled))
    if point.holdout is not None:
        name = {"frr": "FRR", "tar": "FRR", "fpir": "FPIR"}.get(point.criterion, "FAR")
        table.add_row(f"held-out {name}", *_held_out(point.holdout))
    return table


def _precision(shown: Precision) -> _Row:
    where = f"if {shown.prevalence:g} of the pairs are positive"
    return bold("precision"), rate(shown.value), span(shown.ci), where


def _macro(point: CalibratedPoint) -> _Row:
    interval = span(point.macro_far_ci)
    return bold("macro FAR"), rate(point.macro_far), interval, "mean over classes"


def _bounded(row: _Row, bound: OneSidedBound | None) -> _Row:
    """The FAR row with the one-sided bound that was used, instead of an interval."""
    if bound is None:
        return row
    name, value, _, counts = row
    return name, value, f"≤ {rate(bound.value)} ({100 * bound.confidence:g} %)", counts


def _held_out(held: Holdout) -> tuple[str, str, str]:
    interval = f"{held.lo:.3g} – {held.hi:.3g}"
    if not held.is_ratio:
        return f"{held.median:.3g}", interval, f"{held.n_attained} splits"
    exceeded = f"exceeded in {held.n_above} of {held.n_attained} splits"
    return f"{held.median:.3g} × target", interval, exceeded


def _guarantee(point: CalibratedPoint) -> list[Text]:
    """What holds for most classes, and how many of those seen it does not hold for."""
    found = point.class_guarantee
    if found is None:
        return []
    return [
        Text(
            f"With {100 * found.confidence:g} % confidence at least {100 * found.share:g} % of new"
            f" classes meet this, each by itself. Of {found.n_classes:,} classes seen,"
            f" {found.n_failing:,} do not; of all classes, a share of {rate(found.upper_share)} at"
            " most."
        )
    ]


def _classes(point: CalibratedPoint) -> list[RenderableType]:
    n_above, shown = point.n_above_limit, len(point.hardest_classes)
    if point.macro_far is None:
        return []
    who = "1 class has" if n_above == 1 else f"{n_above:,} classes have"
    title = f"{who} a FAR above {point.far_limit:.4g}"
    if not n_above:
        return [Text(f"No class has a FAR above {point.far_limit:.4g}.", "dim")]
    if n_above > shown:
        title += f"; the first {shown}:"
    sizes = [rates.n_items for rates in point.hardest_classes]
    table = columns("class", *items_columns(sizes), "FAR", "TAR", right=True)
    for rates in point.hardest_classes:
        n_items = items_cells(sizes, rates.n_items)
        table.add_row(label(rates.label), *n_items, rate(rates.far), score(rates.tar))
    return [Text(f"\n{title}", "bold cyan"), table]


def _own_thresholds(own: OwnThresholdGain) -> Group:
    table = columns("Per-class thresholds", "mean class score", "95 % CI")
    single = f"best single threshold, distance ≤ {distance(own.single_threshold)}"
    table.add_row(single, score(own.utility_at_single))
    table.add_row("per-class thresholds (same data)", score(own.utility_at_own))
    table.add_row("optimism correction", score(-own.optimism))
    table.add_row(bold("net gain"), score(own.gain), span(own.ci))
    return Group(table, Text(own.verdict))
