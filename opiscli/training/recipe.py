"""Trains and chooses a head as the settings say: by cross-validation, or on validation classes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.settings.resources import Resources
from opiscli.training.candidates import OFFSET_NEIGHBOURS
from opiscli.training.checkpoint import Checkpoint
from opiscli.training.cross_validation import fit_cross_validated, n_folds
from opiscli.training.fit import TrainingRun, fit
from opiscli.training.fitted_head import require_cohort
from opiscli.training.memory import require_memory
from opiscli.training.offset_choice import with_offsets_if_better
from opiscli.training.result import TrainingResult, ValidationStep
from opiscli.training.settings import Choose, TrainingSettings
from opiscli.training.tuning import fit_trials
from opiscli.training.validation import Validation

OnValidation = Callable[[ValidationStep], None]


def train_head(
    items: EmbeddingSet,
    val_items: EmbeddingSet | None,
    settings: TrainingSettings,
    resources: Resources,
    *,
    n_trials: int = 1,
    checkpoint: Path | None = None,
    resume: bool = False,
    on_validation: OnValidation = lambda step: None,
) -> TrainingResult:
    """Train a head.

    Parameters
    ----------
    items
        Training items, without those of the validation classes.
    val_items
        Items of other classes; ``None`` to choose by cross-validation.
    resources
        Memory and threads for counting.
    n_trials
        Settings to try; more than one with validation classes only.
    checkpoint
        Where to keep the training in progress; not with several trials.
    resume
        Whether to continue from there.
    on_validation
        Called with each point of the history.

    Raises
    ------
    SourceError
        If a checkpoint cannot be read.
    UsageError
        If it belongs to other settings or data, or the memory limit is too small.
    UndefinedMetric
        If OPIS is not defined on the validation classes.
    TrainingError
        If training diverges.
    """
    # Of all training classes, so that each part of them starts in the same way.
    settings = replace(settings, start=settings.start_for(items.n_classes, items.dims))
    n_trainings = 1 if val_items is not None else n_folds(items.n_classes)
    require_memory(items, settings, n_trainings, resources)
    if val_items is not None and settings.normalize:
        require_cohort(items, OFFSET_NEIGHBOURS)
    on_step, resumed = _told(on_validation), None
    if checkpoint is not None and n_trials == 1:
        judged_on = Choose.CROSS_VALIDATION.value if val_items is None else val_items.sha256
        file = Checkpoint(checkpoint, f"{settings.signature()}|{items.sha256}|{judged_on}")
        on_step = _kept(file, on_validation)
        resumed = file.read() if resume else None
    if val_items is None:
        return fit_cross_validated(items, settings, resources, resumed=resumed, on_step=on_step)
    validation = Validation(val_items, settings.calibration_range, resources.threads)
    if n_trials != 1:
        result = fit_trials(items, validation, settings, n_trials, on_validation=on_validation)
    else:
        result = fit(items, validation, settings, resumed=resumed, on_validation=on_step)
    if not settings.normalize:
        return result
    return with_offsets_if_better(result, items, val_items, resources)


def _told(on_validation: OnValidation) -> Callable[[TrainingRun], None]:
    return lambda run: on_validation(run.history[-1])


def _kept(file: Checkpoint, on_validation: OnValidation) -> Callable[[TrainingRun], None]:
    def write_and_tell(run: TrainingRun) -> None:
        file.write(run)
        on_validation(run.history[-1])

    return write_and_tell
