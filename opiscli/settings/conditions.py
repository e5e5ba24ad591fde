"""Conditions on the numbers of a report, such as ``opis>0.01`` and ``tar@far=1e-3<0.9``."""

import math
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from opiscli.errors import UsageError
from opiscli.results.headlines import AT_THRESHOLD, HEADLINES
from opiscli.settings.numbers import plain

_WITH_RANK = tuple(headline.name for headline in HEADLINES if headline.needs_rank)
_AT_THRESHOLD = tuple(headline.name for headline in AT_THRESHOLD)
_NAMES = {headline.name for headline in HEADLINES} - set(_WITH_RANK)
_BOUNDS = {
    **{headline.name: headline.bounds for headline in HEADLINES},
    **{headline.name: headline.bounds for headline in AT_THRESHOLD},
}
_OF_SEARCHES = ("fpir", "fnir")
_IN_RANKING = {headline.name for headline in HEADLINES if headline.needs_ranking}

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(
    r"\s*(?P<name>[a-z_]+)(?:@(?P<at>[a-z0-9.=+-]+?))?\s*"
    r"(?P<comparison>>=|<=|==|!=|>|<)\s*(?P<limit>[-+0-9.e]+|[-+]?(?:nan|inf(?:inity)?))\s*",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a number of the report with a limit.

    Parameters
    ----------
    text
        As it was written.
    name
        Of a headline number; see `opiscli.results.headlines`.
    rank
        The rank of ``recall@K``.
    far
        The FAR target in ``tar@far=1e-3``, which decides the threshold; ``None`` for the
        threshold of the command.
    comparison, limit
        How the number is compared, and with what.
    """

    text: str
    name: str
    rank: int | None
    far: float | None
    comparison: str
    limit: float

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Read ``opis>0.01``, ``recall@1<0.9`` or ``tar@far=1e-3<0.9``.

        Raises
        ------
        UsageError
            If it is no condition, names no number of the report, or cannot be met by any value.
        """
        found = _CONDITION.fullmatch(text)
        try:
            if found is None:
                raise ValueError(text)
            name, at, limit = found["name"], found["at"], float(found["limit"])
            rank = int(at) if name in _WITH_RANK and at else None
            far = float(at.removeprefix("far=")) if name in _AT_THRESHOLD and at else None
        except ValueError as cause:
            raise UsageError(
                f"--fail-if={text!r} is not a condition, expected NAME > NUMBER",
                hint="For example --fail-if='opis>0.01' or --fail-if='tar@far=1e-3<0.9'.",
            ) from cause
        known = (name in _NAMES and not at) or name in _AT_THRESHOLD or rank is not None
        if not known or (far is not None and not 0 < far < 1):
            names = [
                f"{headline.name}@K" if headline.needs_rank else headline.name
                for headline in HEADLINES
            ]
            raise UsageError(
                f"--fail-if={text!r} does not name a number of the report; the numbers are"
                f" {', '.join(names)}; and at a threshold {', '.join(_AT_THRESHOLD)}",
                hint="Give the threshold as in far@far=1e-3, or with --threshold-file.",
            )
        condition = cls(text.strip(), name, rank, far, found["comparison"], limit)
        condition._require_possible()
        return condition

    def _require_possible(self) -> None:
        """Raise `UsageError` if the limit lies where no value of the number does."""
        bounds = _BOUNDS[self.name]
        lowest, highest = bounds or (-math.inf, math.inf)
        inside = lowest <= self.limit <= highest
        # The bounds themselves are allowed, to show a number without a limit.
        if math.isfinite(self.limit) and (inside or self.holds(lowest) or self.holds(highest)):
            return
        expected = "a finite number" if bounds is None else f"{plain(lowest)} to {plain(highest)}"
        raise UsageError(
            f"--fail-if={self.text!r} can never be met: the limit is {self.limit:g}, expected"
            f" {expected}, as {self.key} is",
            hint=f"Give a limit that {self.key} can cross.",
        )

    @property
    def key(self) -> str:
        """The complete name of the number: ``recall@1``, ``tar@far=0.001``."""
        if self.rank is not None:
            return f"{self.name}@{self.rank}"
        return self.name if self.far is None else f"{self.name}@far={plain(self.far)}"

    @property
    def is_at_threshold(self) -> bool:
        """Whether the number depends on a threshold."""
        return self.name in _AT_THRESHOLD

    def holds(self, value: float) -> bool:
        """Whether the condition is met, which fails the check."""
        return _COMPARISONS[self.comparison](value, self.limit)


def settings_for(conditions: Sequence[Condition]) -> dict[str, object]:
    """Settings of an evaluation that has all numbers the conditions name."""
    ranks = {condition.rank for condition in conditions if condition.rank is not None}
    if any(condition.name in _OF_SEARCHES for condition in conditions):
        ranks.add(1)  # searches are counted with R@1
    needs_ranking = any(condition.name in _IN_RANKING for condition in conditions)
    return {"ks": tuple(sorted(ranks)), **({"ranking": True} if needs_ranking else {})}
