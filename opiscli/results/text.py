"""Shows a label exactly as it is, whatever it contains, and numbers at a readable length."""

import math
import unicodedata
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def printable(label: str) -> str:
    r"""Spell out every character that could restyle, move or hide text.

    Control and format characters, among them escape codes, line breaks and marks that
    reverse the reading direction, become backslash escapes.

    Examples
    --------
    >>> printable("[red]\x1b[2J")
    '[red]\\x1b[2J'
    """
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _INVISIBLE
        else char
        for char in label
    )


def score(value: float | None) -> str:
    """Four decimals: shares of items and mean scores."""
    return "–" if value is None else _with_minus(f"{value:.4f}")


def distance(value: float | None, decimals: int = 4) -> str:
    """A distance threshold rounded down, so that it accepts no pair that the exact one rejects.

    Four digits at least where all distances are small.

    Examples
    --------
    >>> distance(1.16868), distance(0.00134567), distance(0)
    ('1.1686', '0.001345', '0.0000')
    """
    if value is None:
        return "–"
    return _cut(value, _decimals(value, decimals), ROUND_FLOOR)


def similarity(value: float | None, decimals: int = 4) -> str:
    """A similarity threshold, rounded up for the same reason.

    Four digits at least of what it lacks to 1.

    Examples
    --------
    >>> similarity(0.31705), similarity(0.99999909)
    ('0.3171', '0.9999990900')
    """
    if value is None:
        return "–"
    return _cut(value, _decimals(1 - value, decimals), ROUND_CEILING)


def _decimals(value: float, least: int) -> int:
    return max(least, 3 - math.floor(math.log10(abs(value)))) if value else least


def _cut(value: float, decimals: int, direction: str) -> str:
    # The shortest text of a float: 0.3 is 0.3, and not the binary fraction just below it.
    exact = Decimal(repr(float(value)))
    # Adding zero turns a negative zero into zero.
    return _with_minus(f"{exact.quantize(Decimal(1).scaleb(-decimals), direction) + 0:f}")


def rate(value: float | None) -> str:
    """Four significant digits, zeros kept: rates run over many magnitudes.

    Examples
    --------
    >>> rate(0.32), rate(0.0009998), rate(1), rate(0)
    ('0.3200', '0.0009998', '1.000', '0')
    """
    return "–" if value is None else _with_minus(_significant(value, 4))


def span(interval: tuple[float, float] | None) -> str:
    """Two bounds, three significant digits each."""
    if interval is None:
        return ""
    lo, hi = (_with_minus(_significant(bound, 3)) for bound in interval)
    return f"{lo} – {hi}"


def _significant(value: float, digits: int) -> str:
    return f"{value:#.{digits}g}".rstrip(".") if value else "0"


def signed(amount: float, decimals: int) -> str:
    """Write a change with its sign; one that would round to zero keeps one digit.

    Examples
    --------
    >>> signed(-1.25, 1), signed(0.004, 1), signed(0, 1)
    ('−1.2', '+0.004', '0.0')
    """
    shown = f"{amount:+.{decimals}f}"
    if float(shown) == 0:
        shown = f"{amount:+.1g}" if amount else shown[1:]
    return _with_minus(shown)


def _with_minus(number: str) -> str:
    """Write the minus sign as a sign, but that of an exponent as programs read it."""
    return f"−{number[1:]}" if number.startswith("-") else number
