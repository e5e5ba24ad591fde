"""Draws a training while it runs, and the candidates that a head was chosen from."""

from opiscli.results.finetune import HeadChoice
from opiscli.results.text import signed

_HEADER = f"{'step':>6}{'base loss':>12}{'TCM':>10}"


def training_line(
    step: int,
    base: float | None,
    tcm: float | None,
    opis: float | None,
    recall: float | None,
    *,
    kept: bool,
    stage: str,
) -> str:
    """One line of the live table of a training; the first one brings the header.

    A training of a cross-validation has no scores, so it is one sentence at its start and end.
    """
    if opis is None or recall is None:
        if base is None or tcm is None:
            return f"training on {stage}"
        return f"  {step} steps: base loss {base:.4g}, TCM {tcm:.4g}"
    scores = f"{opis:>12.4g}{recall:>10.4f}"
    if base is None or tcm is None:
        return f"{_HEADER}{'OPIS':>12}{'R@1':>10}\n{step:>6}{'–':>12}{'–':>10}{scores}  frozen"
    line = f"{step:>6}{base:>12.4g}{tcm:>10.4g}{scores}"
    return f"{line}  kept" if kept else line


def candidate_table(choice: HeadChoice) -> str:
    """One line per candidate: numbers with their change, and why it may be used or not."""
    frozen = choice.candidates[0]
    at = f"TAR@FAR={choice.at_far:g}"
    width = max(len(one.name) for one in choice.candidates)
    lines = [f"{'':<{width}}{'OPIS':>10}{'change':>10}{'R@1':>9}{at:>16}"]
    for one in choice.candidates:
        note = "chosen" if one.name == choice.chosen else one.refused
        change = ""
        if one is not frozen and frozen.opis > 0:
            change = f"{signed(100 * (one.opis / frozen.opis - 1), 1)} %"
        numbers = f"{one.opis:>10.4g}{change:>10}{one.recall:>9.4f}{one.tar:>16.4f}"
        lines.append(f"{one.name:<{width}}{numbers}  {note}".rstrip())
    return "\n".join(lines) + "\n"
