"""Draws a comparison: the table of the paper, for a terminal and for text files."""

from string import ascii_uppercase

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from opiscli.results import Change, ComparedMetric, ComparedValue, Comparison
from opiscli.text import printable, rate, score

_TITLES = {"opis": "OPIS", "opis_corrected": "  corrected"}


def draw_comparison(of: Comparison, console: Console) -> None:
    """Print one line a source and number: its value, how it changed, and how surely."""
    for letter, data in zip(ascii_uppercase, of.data, strict=False):
        name = printable(" ".join([data.source, *data.where]))
        size = f"{data.n_items:,} items × {data.dims:,} dims · {data.n_classes:,} classes"
        console.print(Text.assemble((f"{letter}  {name}", "bold"), (f"  {size}", "dim")))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold cyan", pad_edge=False)
    for name in ("", "", "value", "95 % interval", "change", "paired interval"):
        table.add_column(Text(name, "bold cyan"), no_wrap=True)
    for metric in of.metrics:
        for k, value in enumerate(metric.values):
            table.add_row(
                Text(title(metric.name, of) if k == 0 else "", "bold"),
                ascii_uppercase[k],
                _shown(metric, value.value),
                "" if value.ci is None else f"{value.ci.lo:.3g} – {value.ci.hi:.3g}",
                _coloured(value.change),
                paired_interval(value.change),
            )
    console.print()
    console.print(Padding(table, (0, 0, 0, 2)))
    console.print()
    console.print(Text(of.signature, style="dim"), soft_wrap=True)


def paper_table(of: Comparison) -> tuple[list[str], list[list[str]]]:
    """Header and cells: one row a source, one column a number, changes with sign and arrow."""
    header = ["source", *(_in_full(title(metric.name, of)) for metric in of.metrics)]
    rows = [
        [
            printable(" ".join([data.source, *data.where])),
            *(_cell(metric, metric.values[k]) for metric in of.metrics),
        ]
        for k, data in enumerate(of.data)
    ]
    return header, rows


def title(name: str, of: Comparison) -> str:
    """Name of a number as people write it: ``R@1``, ``10%-OPIS``, ``TAR@FAR=0.001``."""
    if name == "eps_opis":
        return f"{100 * of.epsilon:g}%-OPIS"
    if name.startswith("recall@"):
        return f"R@{name.removeprefix('recall@')}"
    return _TITLES.get(name, name.upper())


def _in_full(name: str) -> str:
    return f"OPIS{name}".replace("  ", " ") if name.startswith(" ") else name


def change_text(change: Change) -> str:
    """Signed change with an arrow: relative for OPIS, in points for shares."""
    if change.ratio is not None:
        amount, unit = 100 * (change.ratio - 1), " %"
    elif abs(change.difference) < 1e-12:
        return "="
    else:
        amount, unit = change.difference, ""
    arrow = "↑" if amount > 0 else "↓" if amount < 0 else "="
    shown = f"{abs(amount):.1f}" if unit else f"{abs(amount):.4f}"
    return f"{arrow} {'+' if amount > 0 else '−'}{shown}{unit}"


def paired_interval(change: Change | None) -> str:
    """Interval of a change, in the unit of the change."""
    if change is None or change.ci is None:
        return ""
    if change.ratio is not None:
        lo, hi = (100 * (bound - 1) for bound in change.ci)
        return f"{lo:+.1f} – {hi:+.1f} %"
    return f"{change.ci.lo:+.4f} – {change.ci.hi:+.4f}"


def _cell(metric: ComparedMetric, value: ComparedValue) -> str:
    shown = _shown(metric, value.value)
    return shown if value.change is None else f"{shown} {change_text(value.change)}"


def _shown(metric: ComparedMetric, value: float | None) -> str:
    return rate(value) if "opis" in metric.name else score(value)


def _coloured(change: Change | None) -> Text:
    if change is None:
        return Text("")
    style = {True: "green", False: "red", None: ""}[change.is_better]
    return Text(change_text(change), f"bold {style}" if change.is_certain else style)
