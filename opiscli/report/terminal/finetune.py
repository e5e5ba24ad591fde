"""Draws a training while it runs."""


def validation_line(
    step: int, base: float | None, tcm: float | None, opis: float, recall: float, *, kept: bool
) -> str:
    """One line of the live table of a training; the first one brings the header."""
    if base is None or tcm is None:
        header = f"{'step':>6}{'base loss':>12}{'TCM':>10}{'OPIS':>12}{'R@1':>10}"
        return f"{header}\n{step:>6}{'–':>12}{'–':>10}{opis:>12.4g}{recall:>10.4f}  frozen"
    line = f"{step:>6}{base:>12.4g}{tcm:>10.4g}{opis:>12.4g}{recall:>10.4f}"
    return f"{line}  kept" if kept else line
