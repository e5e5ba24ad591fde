"""Conditions on the numbers of a report, such as ``opis>0.01`` and ``tar@far=1e-3<0.9``."""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from opiscli.errors import UsageError
from opiscli.settings.numbers import plain

HEADLINES = ("opis", "opis_corrected", "opis_noise", "eps_opis", "mean_utility")
AT_THRESHOLD = ("far", "frr", "tar", "macro_far", "worst_far", "worst_frr", "share_above_limit")

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
    r"(?P<comparison>>=|<=|==|!=|>|<)\s*(?P<limit>[-+0-9.e]+)\s*"
)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of a number of the report with a limit.

    Parameters
    ----------
    text
        As it was written.
    name
        One of `HEADLINES`, ``recall``, or one of `AT_THRESHOLD`.
    rank
        The rank of ``recall@K``.
    far
        Target of ``tar@far=1e-3``: the threshold that is meant; else that of the command.
    comparison, limit
        What it is compared with, and how.
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
            If it is no condition, or names no number of the report.
        """
        found = _CONDITION.fullmatch(text)
        try:
            if found is None:
                raise ValueError(text)
            name, at, limit = found["name"], found["at"], float(found["limit"])
            rank = int(at) if name == "recall" and at else None
            far = float(at.removeprefix("far=")) if name in AT_THRESHOLD and at else None
        except ValueError as cause:
            raise UsageError(
                f"--fail-if={text!r} is not a condition, expected NAME > NUMBER",
                hint="For example --fail-if='opis>0.01' or --fail-if='tar@far=1e-3<0.9'.",
            ) from cause
        known = (name in HEADLINES and not at) or name in AT_THRESHOLD or rank is not None
        if not known or (far is not None and not 0 < far < 1):
            raise UsageError(
                f"--fail-if={text!r} names no number of the report, expected one of:"
                f" {', '.join(HEADLINES)}, recall@K, {', '.join(AT_THRESHOLD)}",
                hint="The last seven take a threshold: far@far=1e-3, or --threshold-file.",
            )
        return cls(text.strip(), name, rank, far, found["comparison"], limit)

    @property
    def key(self) -> str:
        """Name of the number with where it is taken."""
        if self.rank is not None:
            return f"recall@{self.rank}"
        return self.name if self.far is None else f"{self.name}@far={plain(self.far)}"

    def holds(self, value: float) -> bool:
        """Whether the condition, a reason to fail, is met."""
        return _COMPARISONS[self.comparison](value, self.limit)
