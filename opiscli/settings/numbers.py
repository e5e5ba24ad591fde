"""Parsing of numbers, and their format in signatures, names and messages."""


def rate(text: str) -> float:
    """Read a rate, as a fraction or in percent.

    Raises
    ------
    ValueError
        If it is neither.

    Examples
    --------
    >>> rate("1e-3"), rate("0.1%"), rate("0.1 %")
    (0.001, 0.001, 0.001)
    """
    number, percent, rest = text.strip().partition("%")
    if rest:
        raise ValueError(text)
    # Through text, because 0.1 / 100 is not the float that 0.001 is.
    return float(f"{number.strip()}e-2") if percent else float(number)


def plain(value: float) -> str:
    """Write twelve digits at most, without trailing zeros: ``0.1``, ``1``."""
    return f"{value:.12g}"


def scientific(value: float) -> str:
    """Write a rate as people do: ``1e-2``, ``2.5e-3``."""
    mantissa, exponent = f"{value:.11e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
