"""Draws an evaluation for a person at a terminal, 80 columns wide or more."""

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opiscli.results import Data, Deployed, Evaluation, OperatingPoint, Opis, Rate
from opiscli.text import printable, rate, score, span


def draw_evaluation(of: Evaluation, console: Console) -> None:
    """Print the report of an evaluation."""
    console.print(heading(of.data))
    if of.gallery is not None:
        console.print(Text.assemble(("against ", "dim"), heading(of.gallery)))
    parts: list[RenderableType] = [_headline(of), _range(of), _points(of), _worst(of)]
    if of.deployed is not None:
        parts.insert(-1, _deployed(of.deployed))
    if of.groups is not None and of.between_groups is not None:
        from opiscli.report.terminal.groups import draw_groups

        parts.append(draw_groups(of.groups, of.between_groups))
    for part in parts:
        console.print()
        console.print(Padding(part, (0, 0, 0, 2)))
    console.print()
    console.print(Text(of.signature, style="dim"), soft_wrap=True)


def heading(data: Data) -> Text:
    """Name and size of what a result is of, in two lines."""
    facts = [f"{data.n_items:,} items × {data.dims:,} dims", f"{data.n_classes:,} classes"]
    if data.n_singletons:
        facts.append(f"{data.n_singletons:,} of a single item")
    if data.n_duplicates:
        what = "dropped" if data.duplicates_dropped else "among them"
        facts.append(f"{data.n_duplicates:,} duplicates {what}")
    name = printable(" ".join([data.source, *data.where]))
    return Text.assemble((name, "bold"), "\n", (" · ".join(facts), "dim"))


def _headline(of: Evaluation) -> Table:
    table = columns("", "", "95 % interval", "")
    for k, recall in of.recall.items():
        note = "the nearest is of the same class" if k == "1" else f"one of the {k} nearest is"
        table.add_row(bold(f"R@{k}"), score(recall.value), span(recall.ci), note)
    if of.ranking is not None:
        for name, estimate, note in (
            ("MAP@R", of.ranking.map_at_r, "mean precision over the R nearest"),
            ("R-precision", of.ranking.r_precision, "share of the R nearest, R in the class"),
        ):
            table.add_row(bold(name), score(estimate.value), span(estimate.ci), note)
    opis, eps = of.opis, of.eps_opis
    note = "variance between the classes"
    table.add_row(bold("OPIS"), rate(opis.value), span(opis.ci), note)
    table.add_row("  corrected", rate(opis.corrected), "", _noise_note(opis))
    note = f"worst {eps.n_worst:,} of {opis.n_classes:,} classes vs the rest"
    table.add_row(bold(f"{100 * eps.epsilon:g}%-OPIS"), rate(eps.value), span(eps.ci), note)
    table.add_row("Mean utility", score(of.mean_utility), "", _utility_note(of))
    return table


def _noise_note(opis: Opis) -> str:
    if opis.noise is None:
        return "noise floor not known"
    n_correctable = opis.n_classes - opis.n_uncorrectable
    classes = f", {n_correctable:,} classes of 4 or more" if opis.n_uncorrectable else ""
    return f"less a noise floor of {rate(opis.noise)}{classes}"


def _utility_note(of: Evaluation) -> str:
    rates = "precision, recall" if of.utility.kind == "precision-recall" else "TNR, TPR"
    return f"F{of.utility.beta:g} of {rates}, mean of classes"


def _range(of: Evaluation) -> Text:
    ends = of.calibration_range
    return Text.assemble(
        ("Calibration range  ", "bold cyan"),
        f"{of.distance} distance {score(ends.threshold.lo)} – {score(ends.threshold.hi)}",
        (f"  {ends.n_thresholds} thresholds\n", "dim"),
        " " * 19,
        f"FAR {span(ends.attained_far)}, FRR {span(ends.attained_frr)}",
    )


def _points(of: Evaluation) -> Table:
    table = columns("Operating points", "FAR", "TAR", "hardest class")
    table.columns[1].justify = table.columns[2].justify = "right"
    for point in of.operating_points:
        if point.far is None or point.frr is None:
            table.add_row(f"FAR ≤ {point.target_far:g}", Text("not attainable", "yellow"), "", "")
        else:
            if table.row_count:
                table.add_row()
            table.add_row(
                _threshold(point),
                _rate(point.far.value, point.far.k, point.far.n, point.far.ci),
                _accept_rate(point.frr),
                _hardest(point),
            )
    return table


def _threshold(point: OperatingPoint) -> Text:
    return Text.assemble(
        ("given\n" if point.target_far is None else f"FAR ≤ {point.target_far:g}\n", "bold"),
        f"d ≤ {score(point.threshold)}\ns ≥ {score(point.similarity)}",
    )


def _accept_rate(frr: Rate) -> Text:
    k = frr.n - frr.k
    return _rate(k / frr.n, k, frr.n, (1 - frr.ci.hi, 1 - frr.ci.lo))


def _rate(value: float, k: int, n: int, ci: tuple[float, float]) -> Text:
    return Text.assemble(
        (f"{rate(value)}\n", "bold"), (f"{k:,} / {n:,}\n", "dim"), (span(ci), "dim")
    )


def _hardest(point: OperatingPoint) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for name, worst in (("FAR", point.worst_far), ("FRR", point.worst_frr)):
        if worst is not None:
            text.append(f"{name} {rate(worst.value)} {printable(worst.label)}\n")
    return text.append(f"mean FAR {rate(point.macro_far)}", "dim")


def _deployed(deployed: Deployed) -> Table:
    table = columns("As deployed", "exact", printable(deployed.index))
    for column in table.columns[1:]:
        column.justify, column.no_wrap, column.max_width = "right", True, 40
    for name, number in (("R@1", deployed.recall_at_1), ("OPIS", deployed.opis)):
        show = score if name == "R@1" else rate
        table.add_row(bold(name), show(number.exact), show(number.deployed))
    for point in deployed.operating_points:
        for name, number in (("FAR", point.far), ("TAR", point.tar)):
            at = Text.assemble((name, "bold"), f" at d ≤ {score(point.threshold)}")
            table.add_row(at, rate(number.exact), rate(number.deployed))
    table.add_row("Bytes per item", "", f"{deployed.bytes_per_item:,.4g}")
    return table


def _worst(of: Evaluation) -> Table:
    table = columns("Classes served worst", "items", "mean utility", "part of OPIS")
    for column in table.columns[1:]:
        column.justify = "right"
    for worst in of.worst_classes:
        table.add_row(
            Text(printable(worst.label), overflow="ellipsis", no_wrap=True),
            f"{worst.n_items:,}",
            score(worst.mean_utility),
            rate(worst.opis_contribution),
        )
    return table


def bold(text: str) -> Text:
    """Text that may contain anything, in bold."""
    return Text(text, "bold")


def columns(title: str, *columns: str) -> Table:
    """Make an empty table without lines; its first column is never wrapped."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold cyan", pad_edge=False)
    table.add_column(Text(title), no_wrap=True)
    for name in columns:
        table.add_column(Text(name, "cyan"))
    return table
