"""How a number is written in a signature, a name or a message."""


def plain(value: float) -> str:
    """Write twelve digits at most, without trailing zeros: ``0.1``, ``1``."""
    return f"{value:.12g}"


def scientific(value: float) -> str:
    """Write a rate as people do: ``1e-2``, ``2.5e-3``."""
    mantissa, exponent = f"{value:.11e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
