"""What `opis finetune` reports: the same items before and after, and how it came about."""

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from opiscli.results import Evaluation, ReportWarning
from opiscli.training.fit import Finetuned
from opiscli.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A fine-tuning with its evaluations.

    Parameters
    ----------
    source, sha256
        The data it was trained and validated on.
    n_items, n_classes
        Of the training items.
    finetuned
        The head and its history.
    before, after
        The validation classes as they were, and through the head. The head was chosen on
        them, so ``after`` flatters it a little.
    """

    schema: ClassVar[str] = "opis.finetune/1"

    source: str
    sha256: str
    n_items: int
    n_classes: int
    finetuned: Finetuned
    before: Evaluation
    after: Evaluation

    @property
    def signature(self) -> str:
        """Every setting of the training that moves a number."""
        return self.finetuned.settings.signature()

    @property
    def warnings(self) -> tuple[ReportWarning, ...]:
        """What a reader must know before using the head."""
        if self.finetuned.step is not None:
            return ()
        return (
            ReportWarning(
                "no-better-head",
                "no head served the validation classes better than the frozen embeddings:"
                " the identity was written, which changes nothing",
            ),
        )

    def record(self) -> dict[str, Any]:
        """What is written into the head file: all but the evaluations in full."""
        projection = self.finetuned.projection
        return {
            "schema": self.schema,
            "opis_version": __version__,
            "signature": self.signature,
            "data": {
                "source": self.source,
                "n_items": self.n_items,
                "n_classes": self.n_classes,
                "dims": projection.dims,
                "sha256": self.sha256,
            },
            "head": {"dims": projection.dim, "step": self.finetuned.step},
            "validation": {
                "n_items": self.before.data.n_items,
                "n_classes": self.before.data.n_classes,
                "before": _headline(self.before),
                "after": _headline(self.after),
            },
            "warnings": [asdict(warning) for warning in self.warnings],
        }

    def to_json(self) -> str:
        """One line of strict JSON."""
        evaluations = {"before": self.before.to_dict(), "after": self.after.to_dict()}
        return json.dumps({**self.record(), "evaluations": evaluations}, allow_nan=False)


def _headline(of: Evaluation) -> dict[str, float | None]:
    return {
        "recall@1": of.recall["1"].value,
        "opis": of.opis.value,
        "opis_corrected": of.opis.corrected,
        "eps_opis": of.eps_opis.value,
    }
