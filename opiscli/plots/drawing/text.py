"""Text in a picture: labels as they are, never too long, and rates as people write them."""

import unicodedata
from itertools import accumulate

from opiscli.results.text import printable
from opiscli.settings.numbers import scientific

_LONGEST = 32
_PLAIN_FROM = 1e-3


def label(text: str) -> str:
    """Spell out what is invisible in a label, and shorten its middle."""
    shown = printable(text)
    if sum(map(_width, shown)) > _LONGEST:
        half = (_LONGEST - 1) // 2
        shown = f"{_beginning(shown, half)}…{_beginning(shown[::-1], half)[::-1]}"
    # matplotlib keeps what begins with an underscore out of the legend.
    return f"\u200a{shown}" if shown.startswith("_") else shown


def _width(char: str) -> int:
    """Width of a character, in Latin letters."""
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _beginning(text: str, width: int) -> str:
    widths = accumulate(map(_width, text))
    return text[: sum(reached <= width for reached in widths)]


def caption(source: str, numbers: str) -> str:
    """A title: what was evaluated, and the numbers that sum the picture up."""
    return f"{label(source)}   {numbers}"


def tick(rate: float) -> str:
    """A round rate beside an axis: ``0.05``, ``1e-4``."""
    return f"{rate:g}" if rate >= _PLAIN_FROM else scientific(rate)
