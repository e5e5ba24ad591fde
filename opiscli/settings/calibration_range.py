"""The calibration range as it is asked for."""

from dataclasses import dataclass
from enum import StrEnum

from opiscli.distance import Distance
from opiscli.errors import UsageError
from opiscli.settings import units
from opiscli.settings.choice import require_one
from opiscli.settings.numbers import plain, scientific


class RangeBy(StrEnum):
    """What the two ends of the calibration range bound."""

    FAR = "far"
    FRR = "frr"
    DISTANCE = "distance"
    SIMILARITY = "similarity"


_UNITS = {RangeBy.DISTANCE: units.DISTANCE, RangeBy.SIMILARITY: units.SIMILARITY}
"""Of the ranges whose bounds are the thresholds themselves."""


@dataclass(frozen=True, slots=True)
class RangeRequest:
    """The calibration range as asked for: two increasing bounds on one quantity.

    Parameters
    ----------
    by
        ``far`` and ``frr`` bound pooled rates, in (0, 1); ``distance`` and ``similarity`` give
        the thresholds themselves, in [0, 2] or [-1, 1], or any scores where scores were given.
    score
        What pairs are compared by, if not by their cosine: bounds of thresholds are then unknown.

    Raises
    ------
    UsageError
        If the bounds are reversed or equal, or rates are out of bounds. Bounds of thresholds
        depend on the source: see `require_possible`.
    """

    by: RangeBy = RangeBy.FAR
    lo: float = 1e-2
    hi: float = 1e-1
    score: str = ""

    def __post_init__(self) -> None:
        unit = _UNITS.get(self.by)
        option = f"--{self.by}-range" if unit is None else unit.range_option
        example = "1e-2:1e-1" if unit is None else unit.range_example
        if unit is None and not (0 < self.lo < 1 and 0 < self.hi < 1):
            raise UsageError(
                f"{option}={self.lo:g}:{self.hi:g} is out of bounds, expected two rates above 0 and"
                " below 1",
                hint=f"Give the lower bound first, as in {option}={example}.",
            )
        if not self.lo < self.hi:
            raise UsageError(
                f"{option}={self.lo:g}:{self.hi:g} is not a range, expected the lower bound first",
                hint=f"Give two different bounds, as in {option}={example}.",
            )

    @classmethod
    def of(cls, **bounds: tuple[float, float] | None) -> "RangeRequest":
        """Take the one pair of bounds that is given, as to `given`, or the default.

        Raises
        ------
        UsageError
            If more than one is given.
        """
        return cls.given(**bounds) or cls()

    @classmethod
    def given(
        cls,
        *,
        far: tuple[float, float] | None = None,
        frr: tuple[float, float] | None = None,
        distance: tuple[float, float] | None = None,
        similarity: tuple[float, float] | None = None,
    ) -> "RangeRequest | None":
        """Take the one pair of bounds that is given, if one is; similarities in either order."""
        named = {"far_range": far, "frr_range": frr, "range": distance}
        require_one("the calibration range", **named, similarity_range=similarity)
        if similarity is not None:
            return cls(RangeBy.SIMILARITY, min(similarity), max(similarity))
        bounds = {RangeBy.FAR: far, RangeBy.FRR: frr, RangeBy.DISTANCE: distance}
        some = [(by, pair) for by, pair in bounds.items() if pair is not None]
        return cls(some[0][0], *some[0][1]) if some else None

    def require_possible(self, distance: Distance) -> None:
        """Raise `UsageError` if the bounds are thresholds that cannot be of a distance."""
        unit = _UNITS.get(self.by)
        if unit is None:
            return
        if distance.is_given:
            units.require_given_score(unit, unit.range_option, distance, self.lo, self.hi)
        elif not self.score:
            units.require_range(unit, self.lo, self.hi)

    def thresholds(self, distance: Distance) -> tuple[float, float] | None:
        """Both ends as pairs are counted, increasing; ``None`` where the bounds are rates."""
        if self.by is RangeBy.DISTANCE:
            lo, hi = sorted((distance.counted(self.lo), distance.counted(self.hi)))
            return lo, hi
        if self.by is RangeBy.SIMILARITY:
            return distance.of_similarity(self.hi), distance.of_similarity(self.lo)
        return None

    def __str__(self) -> str:
        if self.by in _UNITS:
            return f"{self.by[0]}{plain(self.lo)}..{plain(self.hi)}"
        return f"{self.by}{scientific(self.lo)}..{scientific(self.hi)}"
