"""Settings of a source of pairs: its pairs are counted as they are listed."""

from enum import StrEnum

LISTED = "listed"
"""How the pairs of a source of pairs are counted: all of them, and no others."""


class PairUnit(StrEnum):
    """What is left out at a time for intervals of rates over the pairs of a source of pairs."""

    CLASS = "class"
    CLUSTER = "cluster"
    PAIR = "pair"


def pairs_in_signature(unit: PairUnit) -> list[str]:
    """Parts of a signature: the pairs of a source of pairs, and the basis of their intervals."""
    return [f"pairs:{LISTED}", f"ci:{unit}"]
