"""Draws a calibration for a person at a terminal, 80 columns wide or more."""

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opiscli.report.terminal.evaluation import columns, heading
from opiscli.report.terminal.groups import draw_group_rates
from opiscli.results import CalibratedPoint, Calibration, OwnThresholdGain, Rate
from opiscli.text import printable, rate, score, span


def draw_calibration(of: Calibration, console: Console) -> None:
    """Print the thresholds of a calibration and what each does."""
    console.print(heading(of.data))
    if of.evaluation_data is not None:
        console.print(Text("rates taken on", "dim"))
        console.print(heading(of.evaluation_data))
    for point in of.operating_points:
        console.print()
        for part in (_decision(point), _rates(point), _classes(point)):
            console.print(Padding(part, (0, 0, 0, 2)))
        if point.groups is not None:
            console.print()
            console.print(Padding(draw_group_rates(point.groups), (0, 0, 0, 2)))
    if of.own_thresholds is not None:
        console.print()
        console.print(Padding(_own_thresholds(of.own_thresholds), (0, 0, 0, 2)))
    console.print()
    console.print(Text(of.signature, style="dim"), soft_wrap=True)


def _own_thresholds(own: OwnThresholdGain) -> Group:
    table = columns("A threshold for each class", "mean utility", "95 % interval")
    single = f"best single one, d ≤ {score(own.single_threshold)}"
    table.add_row(single, score(own.utility_at_single))
    table.add_row("best for each, on the same pairs", score(own.utility_at_own))
    table.add_row("  chosen by chance", score(-own.optimism))
    table.add_row(Text("gain", "bold"), score(own.gain), span(own.ci))
    return Group(table, Text(own.verdict))


def _decision(point: CalibratedPoint) -> Text:
    name = {"far": "FAR ≤ ", "frr": "FRR ≤ ", "tar": "TAR ≥ ", "threshold": "d ≤ "}
    asked = (
        {"eer": "FAR = FRR", "max-utility": "largest mean utility"}[point.criterion]
        if point.target is None
        else f"{name[point.criterion]}{point.target:g}"
    )
    if point.average == "macro" and point.target is not None:
        asked += ", mean of classes"
    if point.confidence is not None:
        asked += f", {100 * point.confidence:g} % confident"
    return Text.assemble(
        (f"{asked}\n", "bold cyan"),
        "accept if distance ",
        (f"d ≤ {point.threshold:.6f}", "bold"),
        f", that is similarity s ≥ {point.similarity:.6f}\n",
    )


def _rates(point: CalibratedPoint) -> Table:
    table = columns("", "", "95 % interval", "accepted / pairs")
    if point.far is not None and point.frr is not None:
        table.add_row(*_row("FAR", point.far))
        accept = f"{point.frr.n - point.frr.k:,} / {point.frr.n:,}"
        lo, hi = point.frr.ci
        table.add_row(Text("TAR", "bold"), rate(point.tar), span((1 - hi, 1 - lo)), accept)
    table.add_row(
        "  mean FAR",
        rate(point.macro_far),
        span(point.macro_far_ci),
        "each class once",
    )
    if point.calibrated_far is not None:
        table.add_row(*_row("  FAR before", point.calibrated_far), end_section=True)
    if point.holdout is not None:
        held = point.holdout
        unit = "× of target" if held.is_ratio else "FAR"
        table.add_row(
            "  on new classes",
            f"{held.median:.3g}",
            f"{held.lo:.3g} – {held.hi:.3g}",
            f"{unit}, {held.n_attained} draws"
            + (f", {held.n_above} above" if held.is_ratio else ""),
        )
    return table


def _row(name: str, of: Rate) -> tuple[Text, str, str, str]:
    return Text(name, "bold"), rate(of.value), span(of.ci), f"{of.k:,} / {of.n:,}"


def _classes(point: CalibratedPoint) -> Table:
    share = f"{point.n_above_limit:,} ({100 * point.share_above_limit:.3g} %)"
    table = columns(f"FAR above {rate(point.far_limit)} in {share} classes", "items", "FAR", "FRR")
    for column in table.columns[1:]:
        column.justify = "right"
    for hard in point.hardest_classes:
        table.add_row(
            Text(printable(hard.label), overflow="ellipsis", no_wrap=True),
            f"{hard.n_items:,}",
            rate(hard.far),
            score(hard.frr),
        )
    return table
