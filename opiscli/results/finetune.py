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
class HeadSummary:
    """Output dimension, and the step the head was taken at; ``None`` for the identity."""

    dims: int
    step: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationSummary:
    """The headline numbers of the validation classes, by name, without and with the head."""

    n_items: int
    n_classes: int
    before: dict[str, float | None]
    after: dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning(Result):
    """What a head changed.

    The head was chosen on the validation classes, so on them it looks a little better than it
    is. ``comparison`` has the frozen embeddings first, with paired intervals of the changes.
    """

    schema: ClassVar[str] = "opis.finetune/2"

    data: TrainingData
    head: HeadSummary
    validation: ValidationSummary
    warnings: tuple[ReportWarning, ...]
    comparison: Comparison

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, in full precision."""
        return {**self.record(), "comparison": self.comparison.to_dict()}

    def record(self) -> dict[str, Any]:
        """All but the comparison: what is saved with the head."""
        values = Result.to_dict(self)
        del values["comparison"]
        return values
