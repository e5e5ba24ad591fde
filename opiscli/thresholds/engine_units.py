"""What vector engines measure, as functions of the cosine distance ``c = 1 - s`` of a pair."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

_DIGITS = 8
"""Decimals of a value where ``c`` is near 1, and one more for each power of ten below."""

_MOST_DIGITS = 17


@dataclass(frozen=True, slots=True)
class EngineUnit:
    """What an engine measures of a pair of vectors of length one.

    Parameters
    ----------
    name
        Such as ``squared L2 distance``.
    formula
        The same in terms of the similarity ``s``.
    accept
        ``>=`` where larger values are nearer, ``<=`` where smaller ones are.
    of
        The value at a cosine distance, in [0, 2].
    """

    name: str
    formula: str
    accept: str
    of: Callable[[float], float]

    def rounded(self, cosine_distance: float) -> Decimal:
        """The value at a cosine distance, rounded so that it accepts no more.

        The digits resolve the distances of a crowded set, too, and by far what float32 can hold.
        """
        size = math.floor(math.log10(cosine_distance)) if cosine_distance else -_MOST_DIGITS
        digits = min(_DIGITS - min(size, 0), _MOST_DIGITS)
        towards = ROUND_CEILING if self.accept == ">=" else ROUND_FLOOR
        exact = Decimal(self.of(cosine_distance))
        return exact.quantize(Decimal(1).scaleb(-digits), rounding=towards)


def _angle(cosine_distance: float) -> float:
    return 2 * math.asin(math.sqrt(min(cosine_distance, 2.0) / 2))


def _shifted_inner_product(cosine_distance: float) -> float:
    return 2 - cosine_distance if cosine_distance <= 1 else 1 / cosine_distance


SIMILARITY = EngineUnit("cosine similarity", "s", ">=", lambda c: 1 - c)
INNER_PRODUCT = EngineUnit("inner product", "s", ">=", lambda c: 1 - c)
NEGATIVE_INNER_PRODUCT = EngineUnit("negative inner product", "−s", "<=", lambda c: c - 1)
COSINE_DISTANCE = EngineUnit("cosine distance", "1 − s", "<=", lambda c: c)
INNER_PRODUCT_DISTANCE = EngineUnit("1 − inner product", "1 − s", "<=", lambda c: c)
L2_DISTANCE = EngineUnit("L2 distance", "√(2 − 2s)", "<=", lambda c: math.sqrt(2 * c))
SQUARED_L2 = EngineUnit("squared L2 distance", "2 − 2s", "<=", lambda c: 2 * c)
HALVED_SCORE = EngineUnit("score", "(1 + s) / 2", ">=", lambda c: 1 - c / 2)
CERTAINTY = EngineUnit("certainty", "(1 + s) / 2", ">=", lambda c: 1 - c / 2)
SCORE_OF_SQUARED_L2 = EngineUnit("score", "1 / (1 + (2 − 2s))", ">=", lambda c: 1 / (1 + 2 * c))
SCORE_OF_L2 = EngineUnit("score", "1 / (1 + √(2 − 2s))", ">=", lambda c: 1 / (1 + math.sqrt(2 * c)))
SCORE_OF_COSINE_DISTANCE = EngineUnit("score", "1 / (2 − s)", ">=", lambda c: 1 / (1 + c))
SCORE_OF_ANGLE = EngineUnit("closeness", "1 / (1 + arccos s)", ">=", lambda c: 1 / (1 + _angle(c)))
SHIFTED_INNER_PRODUCT = EngineUnit(
    "score", "1 + s; 1 / (1 − s) for s < 0", ">=", _shifted_inner_product
)
