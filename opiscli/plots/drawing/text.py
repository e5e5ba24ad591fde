"""Text in a picture: labels as they are, never too long, and rates as people write them."""

from opiscli.results.text import printable
from opiscli.settings.numbers import scientific

_LONGEST = 32
_PLAIN_FROM = 1e-3


def label(text: str) -> str:
    """Spell out what is invisible in a label, and shorten its middle."""
    shown = printable(text)
    if len(shown) > _LONGEST:
        half = (_LONGEST - 1) // 2
        shown = f"{shown[:half]}…{shown[-half:]}"
    # matplotlib keeps what begins with an underscore out of the legend.
    return f"\u200a{shown}" if shown.startswith("_") else shown


def caption(source: str, numbers: str) -> str:
    """A title: what was evaluated, and the numbers that sum the picture up."""
    return f"{label(source)}   {numbers}"


def tick(rate: float) -> str:
    """A round rate beside an axis: ``0.05``, ``1e-4``."""
    return f"{rate:g}" if rate >= _PLAIN_FROM else scientific(rate)
