"""Offsets that were computed, and what they do on classes of the cohort."""

from dataclasses import dataclass
from typing import ClassVar

from opiscli.results.data import ReportWarning
from opiscli.results.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizedData:
    """Items that were read; classes are ``None`` without labels."""

    source: str
    where: tuple[str, ...]
    n_items: int
    n_classes: int | None
    dims: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The headline numbers of both halves of the held-out classes together.

    ``tar`` is at a FAR of 1e-3, each half at its own threshold; ``None`` if that is not attainable.
    """

    opis: float
    recall_at_1: float
    tar: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """What a weight does on classes that the offsets were not computed from.

    The classes of the cohort are halved, and each half is the cohort of the other.
    ``share_lower`` is the share of resamples of classes in which OPIS is lower than before.
    """

    weight: float
    n_items: int
    n_classes: int
    before: Outcome
    after: Outcome
    share_lower: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalization(Result):
    """Offsets of a source, by a cohort.

    ``centre`` is the mean r of the cohort, which was subtracted from all r. ``held_out`` has one
    entry for each weight that was tried.
    """

    schema: ClassVar[str] = "opis.normalization/1"

    data: NormalizedData
    cohort: NormalizedData
    k: int
    weight: float
    score: str
    centre: float
    smallest_offset: float
    largest_offset: float
    held_out: tuple[HeldOut, ...]
    warnings: tuple[ReportWarning, ...]
