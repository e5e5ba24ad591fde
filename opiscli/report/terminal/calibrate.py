"""Draws a calibration for a person at a terminal, 80 columns wide or more."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.groups import draw_group_rates
from opiscli.report.terminal.layout import bold, columns, heading, label, rate_row, report
from opiscli.results import CalibratedPoint, Calibration, Holdout, OwnThresholdGain
from opiscli.results.text import distance, rate, score, similarity, span


def draw_calibration(calibration: Calibration) -> RenderableType:
    """Draw the thresholds of a calibration and what each does."""
    head = [heading(calibration.data)]
    if calibration.evaluation_data is not None:
        head += [Text("rates measured on", "dim"), heading(calibration.evaluation_data)]
    parts: list[RenderableType] = []
    for point in calibration.operating_points:
        parts.append(Group(_decision(point), *_engines(point), _rates(point), _classes(point)))
        if point.groups is not None:
            parts.append(draw_group_rates(point.groups))
    if calibration.own_thresholds is not None:
        parts.append(_own_thresholds(calibration.own_thresholds))
    return report(head, parts, calibration.signature)


def _decision(point: CalibratedPoint) -> Text:
    name = {
        "far": "FAR ≤ ",
        "frr": "FRR ≤ ",
        "tar": "TAR ≥ ",
        "threshold": "d ≤ ",
        "similarity": "s ≥ ",
    }
    asked = (
        {"eer": "FAR = FRR", "max-utility": "highest mean class score"}[point.criterion]
        if point.target is None
        else f"{name[point.criterion]}{point.target:g}"
    )
    if point.average == "macro" and point.target is not None:
        asked += ", mean over classes"
    if point.confidence is not None:
        asked += f", with {100 * point.confidence:g} % confidence"
    return Text.assemble(
        (f"{asked}\n", "bold cyan"),
        "accept if similarity ",
        (f"s ≥ {similarity(point.similarity, 6)}", "bold"),
        ", that is, distance ",
        (f"d ≤ {distance(point.threshold, 6)}\n", "bold"),
    )


def _engines(point: CalibratedPoint) -> list[Text]:
    """One line an engine to copy from, and one to understand it."""
    lines = []
    for one in point.engines:
        sign, length = {">=": "≥", "<=": "≤"}[one.accept], "any length"
        if one.normalize:
            length = "must be scaled to length one"
        lines.append(Text.assemble(f"{one.engine}: ", (one.comparison, "bold")))
        lines.append(Text(f"  {one.unit} = {one.formula} {sign} {one.value:g}; vectors: {length}"))
    return [*lines, Text()] if lines else []


def _rates(point: CalibratedPoint) -> Table:
    table = columns("", "", "95 % interval", "accepted / pairs")
    if point.far is not None and point.tar_rate is not None:
        table.add_row(*rate_row("FAR", point.far))
        table.add_row(*rate_row("TAR", point.tar_rate))
    table.add_row("macro FAR", rate(point.macro_far), span(point.macro_far_ci), "mean over classes")
    if point.calibrated_far is not None:
        table.add_row(*rate_row("FAR on the calibration set", point.calibrated_far))
    if point.holdout is not None:
        name = "FRR" if point.criterion in ("frr", "tar") else "FAR"
        table.add_row(f"held-out {name}", *_held_out(point.holdout))
    return table


def _held_out(held: Holdout) -> tuple[str, str, str]:
    interval = f"{held.lo:.3g} – {held.hi:.3g}"
    if not held.is_ratio:
        return f"{held.median:.3g}", interval, f"{held.n_attained} splits"
    exceeded = f"exceeded in {held.n_above} of {held.n_attained} splits"
    return f"{held.median:.3g} × target", interval, exceeded


def _classes(point: CalibratedPoint) -> Table:
    share = f"{point.n_above_limit:,} ({100 * point.share_above_limit:.3g} %)"
    title = f"FAR above {rate(point.far_limit)} in {share} classes"
    table = columns(title, "items", "FAR", "FRR", right=True)
    for hard in point.hardest_classes:
        table.add_row(label(hard.label), f"{hard.n_items:,}", rate(hard.far), score(hard.frr))
    return table


def _own_thresholds(own: OwnThresholdGain) -> Group:
    table = columns("Per-class thresholds", "mean class score", "95 % interval")
    single = f"best single threshold, d ≤ {distance(own.single_threshold)}"
    table.add_row(single, score(own.utility_at_single))
    table.add_row("per-class thresholds (same data)", score(own.utility_at_own))
    table.add_row("optimism correction", score(-own.optimism))
    table.add_row(bold("net gain"), score(own.gain), span(own.ci))
    return Group(table, Text(own.verdict))
