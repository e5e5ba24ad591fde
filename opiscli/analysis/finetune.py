"""The recipe of fine-tuning: split the classes, train, choose a head, compare."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opiscli.analysis.finetune_report import Judged, report
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import refuse_offsets
from opiscli.embeddings.on_disk import require_in_memory
from opiscli.results.comparison import Comparison
from opiscli.results.data import ReportWarning
from opiscli.results.finetune import FineTuning
from opiscli.settings.resources import Resources
from opiscli.training.head import Head
from opiscli.training.head_paths import HeadPaths
from opiscli.training.recipe import OnValidation, train_head
from opiscli.training.result import ValidationStep
from opiscli.training.split import require_other_classes, set_aside, training_classes

__all__ = ["FineTuned", "OnValidation", "finetune_items", "finetune_to_file", "new_head"]


@dataclass(frozen=True, slots=True)
class FineTuned:
    """A trained head and its comparison with the original embeddings.

    Parameters
    ----------
    head
        Has ``transform``, ``save`` and ``load``.
    report
        Numbers of classes that were not trained on, without and with the head; what
        ``opis finetune --json`` prints.
    history
        All points of the training.
    """

    head: Head
    report: FineTuning
    history: tuple[ValidationStep, ...]

    @property
    def comparison(self) -> Comparison | None:
        """Classes without and with the head, with paired intervals: see `FineTuning`."""
        return self.report.comparison

    @property
    def warnings(self) -> tuple[ReportWarning, ...]:
        """Warnings about the head."""
        return self.report.warnings

    def to_dict(self) -> dict[str, Any]:
        """`report` as plain values."""
        return self.report.to_dict()

    def to_json(self) -> str:
        """`report` as one line of strict JSON."""
        return self.report.to_json()


def new_head(options: Mapping[str, Any]) -> Head:
    """An untrained head with these parameters, checked when it is trained."""
    return Head(**options)


def finetune_items(
    items: EmbeddingSet,
    val_items: EmbeddingSet | None,
    head: Head,
    resources: Resources,
    *,
    source: str = "arrays",
    checkpoint: Path | None = None,
    resume: bool = False,
    on_validation: OnValidation = lambda step: None,
) -> FineTuned:
    """Train, choose on classes that were not trained on, and compare without and with the head.

    Parameters
    ----------
    val_items
        Items of other classes to choose a checkpoint on; ``None`` to choose as the head says.
    head
        An untrained head, for its parameters.
    source
        Name of the data.
    checkpoint
        Where to keep the training in progress; not with several trials.
    resume
        Whether to continue from there.

    Raises
    ------
    EmbeddingError
        If there are too few classes, or validation classes are also trained on.
    UndefinedMetric
        If OPIS is not defined on the validation classes.
    TrainingError
        If training diverges.
    """
    for one in (items, val_items):
        if one is not None:
            refuse_offsets(one.score, "opis finetune")
            require_in_memory(one.vectors, "training a head")
    settings = head.settings(val_given=val_items is not None)
    items, test_items = set_aside(items, settings.test_fraction, settings.seed)
    if val_items is None:
        items, val_items = training_classes(items, settings)
    else:
        require_other_classes(items, val_items)
    result = train_head(
        items,
        val_items,
        settings,
        resources,
        n_trials=head.tune,
        checkpoint=checkpoint,
        resume=resume,
        on_validation=on_validation,
    )
    found = report(result, items, Judged(val_items, test_items), resources, source)
    return FineTuned(head.fitted(result.fitted, found.record()), found, result.history)


def finetune_to_file(
    items: EmbeddingSet,
    val_items: EmbeddingSet | None,
    head: Head,
    resources: Resources,
    paths: HeadPaths,
    *,
    source: str,
    resume: bool = False,
    on_validation: OnValidation = lambda step: None,
) -> FineTuned:
    """As `finetune_items`, and write head and history; until then, keep a checkpoint.

    Raises
    ------
    UsageError
        If a file is in the way, or there is nothing to resume.
    OutputError
        If a file cannot be written.
    """
    paths.require_free(resume=resume)
    tuned = finetune_items(
        items,
        val_items,
        head,
        resources,
        source=source,
        checkpoint=paths.checkpoint,
        resume=resume,
        on_validation=on_validation,
    )
    tuned.head.save(paths.head, force=paths.force)
    paths.write_history(tuned.history)
    paths.checkpoint.unlink(missing_ok=True)
    return tuned
