"""Draws a threshold in the units of vector engines."""

from collections.abc import Iterable

from rich.text import Text

from opiscli.results import EngineThreshold


def engine_lines(engines: Iterable[EngineThreshold]) -> list[Text]:
    """One line per engine to copy from, and one to understand it."""
    lines = []
    for one in engines:
        sign, length = {">=": "≥", "<=": "≤"}[one.accept], "any length"
        if one.normalize:
            length = "must be scaled to length one"
        lines.append(Text.assemble(f"{one.engine}: ", (one.comparison, "bold")))
        lines.append(
            Text(f"  {one.unit} = {one.formula} {sign} {one.value:.9g}; vectors: {length}")
        )
    return [*lines, Text()] if lines else []
