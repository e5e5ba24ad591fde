"""The two units of a threshold, distance and similarity: which values each can have."""

import math
from dataclasses import dataclass

from opiscli.distance import Distance
from opiscli.errors import UsageError


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of thresholds.

    Parameters
    ----------
    name
        With its article.
    option, range_option
        The options that take a value, and a range, in this unit.
    lo, hi
        The values that it can have, both included.
    example, range_example
        What the options may be given.
    """

    name: str
    option: str
    range_option: str
    lo: float
    hi: float
    example: str
    range_example: str

    def holds(self, *values: float) -> bool:
        """Whether all values are possible in this unit."""
        return all(self.lo <= value <= self.hi for value in values)


DISTANCE = Unit("a distance", "--threshold", "--range", 0, 2, "0.8", "0.8:1.1")
SIMILARITY = Unit("a similarity", "--similarity", "--similarity-range", -1, 1, "0.4", "0.3:0.6")


def other(unit: Unit) -> Unit:
    """The other of the two units."""
    return SIMILARITY if unit is DISTANCE else DISTANCE


def require_given_score(unit: Unit, option: str, distance: Distance, *values: float) -> None:
    """Raise `UsageError` unless values can be scores that were given, which have no bounds."""
    shown = ":".join(f"{value:g}" for value in values)
    instead = DISTANCE.option if option == unit.option else DISTANCE.range_option
    if unit is SIMILARITY and distance is Distance.GIVEN_DISTANCE:
        raise UsageError(
            f"{option}={shown} is {unit.name}, but the scores of this source are distances",
            hint=f"Give a score with {instead}.",
        )
    if not all(math.isfinite(value) for value in values):
        raise UsageError(
            f"{option}={shown} is not a score, expected a number",
            hint="Give a number in the unit of the scores.",
        )


def require_value(unit: Unit, value: float) -> None:
    """Raise `UsageError` unless a threshold is possible in its unit; name the other if it fits."""
    if unit.holds(value):
        return
    hint = f"For example {unit.option}={unit.example}."
    if other(unit).holds(value):
        hint = f"If it is {other(unit).name}, use {other(unit).option}={value:g}."
    raise UsageError(
        f"{unit.option} is {value:g}, expected {unit.name} in [{unit.lo:g}, {unit.hi:g}]", hint=hint
    )


def require_range(unit: Unit, lo: float, hi: float) -> None:
    """Raise `UsageError` unless both ends of a range are possible; name the other unit if it fits.

    The order of the ends is not looked at.
    """
    if unit.holds(lo, hi):
        return
    hint = f"For example {unit.range_option}={unit.range_example}."
    if other(unit).holds(lo, hi):
        hint = f"For {other(unit).name[2:]} bounds, use {other(unit).range_option}={lo:g}:{hi:g}."
    raise UsageError(
        f"{unit.range_option}={lo:g}:{hi:g} is out of bounds, expected two values in"
        f" [{unit.lo:g}, {unit.hi:g}]",
        hint=hint,
    )
