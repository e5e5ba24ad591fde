"""A threshold as the condition under which a pair is accepted, in every unit it has."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from opiscli.results.text import distance as as_distance
from opiscli.results.text import similarity as as_similarity

_GIVEN = {"given-similarity": ("≥", "similarity score"), "given-distance": ("≤", "distance score")}
"""How given scores are compared with a threshold by a pair that is accepted, and what they are."""

_SHORT = 8
_DIGITS = 6


def decision(
    threshold: float | None, similarity: float | None, measured: str, decimals: int = 4
) -> tuple[str, ...]:
    """Conditions that accept the same pairs: of a similarity and a distance, or of a given score.

    Parameters
    ----------
    threshold, similarity
        As in an `OperatingPoint`.
    measured
        What the threshold is measured in.

    Examples
    --------
    >>> decision(1.1687, 0.31705, "euclidean")
    ('s ≥ 0.3171', 'd ≤ 1.1687')
    >>> decision(7.5, 7.5, "given-similarity"), decision(-12.3456789, None, "given-distance")
    (('score ≥ 7.5',), ('score ≤ −12.3457',))
    """
    if is_score(measured):
        return (f"score {sign_of(measured)} {score_threshold(threshold, measured)}",)
    return (
        f"s ≥ {as_similarity(similarity, decimals)}",
        f"d ≤ {as_distance(threshold, decimals)}",
    )


def in_words(
    threshold: float | None, similarity: float | None, measured: str, decimals: int = 4
) -> str:
    """The same as a sentence: ``similarity s ≥ 0.3171, that is, distance d ≤ 1.1687``."""
    found = decision(threshold, similarity, measured, decimals)
    return found[0] if len(found) == 1 else f"similarity {found[0]}, that is, distance {found[1]}"


def is_score(measured: str) -> bool:
    """Whether thresholds are of scores that were given, and not of embeddings."""
    return measured in _GIVEN


def name_of(measured: str) -> str:
    """What thresholds are measured in: ``euclidean distance``, ``similarity score``."""
    return _GIVEN[measured][1] if is_score(measured) else f"{measured} distance"


def sign_of(measured: str) -> str:
    """How a given score is compared with a threshold by a pair that is accepted."""
    return _GIVEN[measured][0]


def score_threshold(value: float | None, measured: str) -> str:
    """A threshold of given scores, rounded so that it accepts no pair that the exact one rejects.

    In full where it is short.
    """
    if value is None:
        return "–"
    text = repr(float(value)).removesuffix(".0")
    if len(text) > _SHORT:
        direction = ROUND_CEILING if sign_of(measured) == "≥" else ROUND_FLOOR
        last = math.floor(math.log10(abs(value))) - _DIGITS + 1
        exact = Decimal(repr(float(value)))
        cut = exact.quantize(Decimal(1).scaleb(last), direction)
        text = f"{cut:f}" if abs(last) < 2 * _DIGITS else f"{cut:e}"
        text = text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text
    return f"−{text[1:]}" if text.startswith("-") else text
