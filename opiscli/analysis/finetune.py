"""The recipe of fine-tuning: split the classes, train, select a head, compare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opiscli.analysis.compare import compare_runs
from opiscli.analysis.counting import count_items
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import refuse_offsets
from opiscli.heads import Projection
from opiscli.results.comparison import Comparison
from opiscli.results.data import ReportWarning
from opiscli.results.finetune import FineTuning, HeadSummary, TrainingData, ValidationSummary
from opiscli.settings.evaluation import EvaluationSettings, RangeRequest
from opiscli.settings.resources import Resources
from opiscli.settings.version import __version__
from opiscli.training.checkpoint import Checkpoint
from opiscli.training.fit import TrainingRun, fit
from opiscli.training.head import Head
from opiscli.training.head_paths import HeadPaths
from opiscli.training.result import TrainingResult, ValidationStep
from opiscli.training.split import require_other_classes, split_classes
from opiscli.training.tuning import fit_trials
from opiscli.training.validation import Validation

OnValidation = Callable[[ValidationStep], None]


@dataclass(frozen=True, slots=True)
class FineTuned:
    """A trained head and its comparison with the original embeddings.

    Parameters
    ----------
    head
        Has ``transform``, ``save`` and ``load``.
    report
        Numbers of the validation classes without and with the head; what
        ``opis finetune --json`` prints.
    history
        All validation steps, the frozen embeddings first.
    """

    head: Head
    report: FineTuning
    history: tuple[ValidationStep, ...]

    @property
    def comparison(self) -> Comparison:
        """The validation classes without and with the head, with paired intervals."""
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
    """Train on some classes, choose on others, and compare without and with the head.

    Parameters
    ----------
    val_items
        Items of other classes; if there are none, classes are set aside from ``items``.
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
    settings = head.settings()
    for one in (items, val_items):
        refuse_offsets("" if one is None else one.score, "opis finetune")
    if val_items is None:
        items, val_items = split_classes(items, settings.val_fraction, settings.seed)
    else:
        require_other_classes(items, val_items)
    validation = Validation(val_items, settings.calibration_range, resources.threads)
    if checkpoint is None or head.tune != 1:
        result = fit_trials(items, validation, settings, head.tune, on_validation=on_validation)
    else:
        identity = f"{settings.signature()}|{items.sha256}|{val_items.sha256}"
        file = Checkpoint(checkpoint, identity)

        def on_step(run: TrainingRun) -> None:
            file.write(run)
            on_validation(run.history[-1])

        resumed = file.read() if resume else None
        result = fit(items, validation, settings, resumed=resumed, on_validation=on_step)
    report = _report(result, items, val_items, resources, source)
    return FineTuned(head.fitted(result.projection, report.record()), report, result.history)


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


def _report(
    result: TrainingResult,
    items: EmbeddingSet,
    val_items: EmbeddingSet,
    resources: Resources,
    source: str,
) -> FineTuning:
    settings = result.settings
    comparison = _compared(val_items, result.projection, settings.calibration_range, resources)
    warnings: tuple[ReportWarning, ...] = ()
    if result.step is None:
        comparison = replace(comparison, warnings=())  # that both sides are equal is said here
        warnings = (
            ReportWarning(
                "no-better-head",
                "no head was better on the validation classes than the original embeddings:"
                " an identity head was written, which changes nothing",
            ),
        )
    before, after = (
        {metric.name: metric.values[side].value for metric in comparison.metrics} for side in (0, 1)
    )
    return FineTuning(
        opis_version=__version__,
        signature=settings.signature(),
        data=TrainingData(
            source=source,
            n_items=items.n_items,
            n_classes=items.n_classes,
            dims=items.dims,
            sha256=items.sha256,
        ),
        head=HeadSummary(dims=result.projection.dim, step=result.step),
        validation=ValidationSummary(
            n_items=val_items.n_items, n_classes=val_items.n_classes, before=before, after=after
        ),
        warnings=warnings,
        comparison=comparison,
    )


def _compared(
    val_items: EmbeddingSet,
    projection: Projection,
    calibration_range: RangeRequest,
    resources: Resources,
) -> Comparison:
    settings = EvaluationSettings(calibration_range=calibration_range)
    projected = val_items.with_unit_rows(projection.apply(val_items.unit_rows))
    return compare_runs(
        [
            count_items(side, settings, resources, source=name)
            for name, side in (("frozen embeddings", val_items), ("through the head", projected))
        ]
    )
