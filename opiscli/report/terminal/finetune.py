"""Draws what a head changed: the numbers before and after, side by side."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from opiscli.report import show_text
from opiscli.results import Evaluation
from opiscli.text import rate, score

_UP, _DOWN, _SAME = "↑", "↓", "="


def look_line(
    step: int, base: float | None, tcm: float | None, opis: float, recall: float, *, kept: bool
) -> str:
    """One line of the live table of a training; the first one brings the header."""
    if base is None or tcm is None:
        header = f"{'step':>6}{'base loss':>12}{'TCM':>10}{'OPIS':>12}{'R@1':>10}"
        return f"{header}\n{step:>6}{'–':>12}{'–':>10}{opis:>12.4g}{recall:>10.4f}  frozen"
    line = f"{step:>6}{base:>12.4g}{tcm:>10.4g}{opis:>12.4g}{recall:>10.4f}"
    return f"{line}  kept" if kept else line


def show_change(before: Evaluation, after: Evaluation, signature: str) -> None:
    """Print what changed, and under which settings, to stdout."""
    console = Console(highlight=False)
    # Captured, because a console that meets a closed pipe ends the process with exit code 1.
    with console.capture() as drawn:
        draw_change(before, after, console)
        console.print()
        console.print(Text(signature, style="dim"), soft_wrap=True)
    show_text(drawn.get())


def draw_change(before: Evaluation, after: Evaluation, console: Console) -> None:
    """Print R@1, OPIS, ε-OPIS and TAR of the same items before and after, with the change."""
    n_items, n_classes = before.data.n_items, before.data.n_classes
    console.print(f"{n_classes:,} validation classes, {n_items:,} items")
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold cyan", pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in ("frozen", "head", "change"):
        table.add_column(Text(name, "cyan"), justify="right")
    was, now = before.recall["1"].value, after.recall["1"].value
    points = f"{_arrow(was, now)} {100 * (now - was):+.2f} points"
    table.add_row("R@1", score(was), score(now), points)
    eps = f"{100 * before.eps_opis.epsilon:g}%-OPIS"
    for label, was_opis, now_opis in (
        ("OPIS", before.opis.value, after.opis.value),
        ("  corrected", before.opis.corrected, after.opis.corrected),
        (eps, before.eps_opis.value, after.eps_opis.value),
    ):
        table.add_row(label, rate(was_opis), rate(now_opis), _share(was_opis, now_opis))
    for point, later in zip(before.operating_points, after.operating_points, strict=True):
        was_tar, now_tar = point.tar, later.tar
        if was_tar is not None and now_tar is not None:
            change = f"{_arrow(was_tar, now_tar)} {100 * (now_tar - was_tar):+.2f} points"
            table.add_row(
                f"TAR at FAR ≤ {point.target_far:g}", rate(was_tar), rate(now_tar), change
            )
    console.print(table)


def _share(was: float | None, now: float | None) -> str:
    if was is None or now is None:
        return "–"
    if was <= 0:
        return f"{_arrow(was, now)} {now - was:+.2g}"
    return f"{_arrow(was, now)} {100 * (now / was - 1):+.1f} %"


def _arrow(was: float, now: float) -> str:
    if now == was:
        return _SAME
    return _UP if now > was else _DOWN
