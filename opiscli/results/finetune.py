"""What a fine-tuning changed, on classes that it did not train on."""

from dataclasses import dataclass
from typing import Any, ClassVar

from opiscli.results.comparison import Comparison
from opiscli.results.data import ReportWarning
from opiscli.results.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingData:
    """The training items; ``sha256`` is of labels and embeddings, whatever the order of rows."""

    source: str
    n_items: int
    n_classes: int
    dims: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOffsets:
    """How the offsets of a head are computed: ``weight`` times (r - ``centre``).

    r is the mean similarity of an item to the ``k`` nearest of a cohort of ``n_cohort`` training
    items, which is part of the head.
    """

    k: int
    weight: float
    centre: float
    n_cohort: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadSummary:
    """Output dimension, and the step the head was taken at, ``None`` for the identity.

    ``offsets`` is ``None`` if items are compared by the cosine.
    """

    dims: int
    step: int | None
    offsets: HeadOffsets | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassesSummary:
    """The headline numbers of some classes, by name, without and with the head."""

    n_items: int
    n_classes: int
    before: dict[str, float | None]
    after: dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateNumbers:
    """One candidate on classes that its head was not trained on; the first has no head.

    ``share_better`` is the share of resamples of the classes in which it improves on the
    original embeddings. ``refused`` says why it must not be used, and is empty if it may.
    """

    name: str
    opis: float
    opis_corrected: float | None
    recall: float
    tar: float
    share_better: float | None
    refused: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadChoice:
    """How and why this head was chosen, or none.

    ``rule`` is ``cross-validation``, ``careful`` or ``validation``; ``chosen`` the name of the
    candidate, ``None`` if the original embeddings were kept. ``at_far`` is the false-accept rate
    at which the TAR of the candidates of a cross-validation is measured.
    """

    rule: str
    at_far: float | None
    candidates: tuple[CandidateNumbers, ...]
    chosen: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning(Result):
    """What a head changed.

    ``evaluated_on`` says which classes ``comparison`` and its paired intervals are of: ``test``
    classes, on which nothing was chosen; ``cross-validation``, the training classes, each through
    a head that was trained on others; or ``validation`` classes. The head was chosen on
    the last two, so on them it looks a little better than it is. ``None`` where there were too
    few classes to measure anything.
    """

    schema: ClassVar[str] = "opis.finetune/3"

    data: TrainingData
    head: HeadSummary
    choice: HeadChoice
    evaluated_on: str | None
    validation: ClassesSummary | None
    test: ClassesSummary | None
    warnings: tuple[ReportWarning, ...]
    comparison: Comparison | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, in full precision."""
        comparison = None if self.comparison is None else self.comparison.to_dict()
        return {**self.record(), "comparison": comparison}

    def record(self) -> dict[str, Any]:
        """All but the comparison: what is saved with the head."""
        values = Result.to_dict(self)
        del values["comparison"]
        return values
