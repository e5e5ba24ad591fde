"""Whether a set of embeddings passes."""

from dataclasses import dataclass
from typing import ClassVar

from opiscli.results.data import Data, ReportWarning
from opiscli.results.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedCondition:
    """A condition, the value of its number, and whether it is met, which fails the check."""

    condition: str
    name: str
    value: float
    limit: float
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Result):
    """Whether a set of embeddings passes: it does if none of the conditions is met."""

    schema: ClassVar[str] = "opis.check/1"

    data: Data
    passed: bool
    conditions: tuple[CheckedCondition, ...]
    warnings: tuple[ReportWarning, ...] = ()
