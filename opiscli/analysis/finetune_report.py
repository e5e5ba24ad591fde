"""What a fine-tuning changed, on test classes, validation classes or in cross-validation."""

from dataclasses import replace
from typing import NamedTuple

from opiscli.analysis.compare import compare_runs
from opiscli.analysis.counting import count_items
from opiscli.analysis.cross_validation import cross_validated_comparison
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.results.comparison import Comparison
from opiscli.results.data import ReportWarning
from opiscli.results.finetune import (
    CandidateNumbers,
    ClassesSummary,
    FineTuning,
    HeadChoice,
    HeadOffsets,
    HeadSummary,
    TrainingData,
)
from opiscli.settings.evaluation import EvaluationSettings, RangeRequest
from opiscli.settings.resources import Resources
from opiscli.settings.version import __version__
from opiscli.sources.credentials import without_credentials
from opiscli.training.result import TrainingResult
from opiscli.training.settings import Choose

_SIDES = ("frozen embeddings", "through the head")


class Judged(NamedTuple):
    """Items of classes that were not trained on; ``None`` where there are none."""

    validation: EmbeddingSet | None
    test: EmbeddingSet | None


def report(
    result: TrainingResult,
    items: EmbeddingSet,
    judged: Judged,
    resources: Resources,
    source: str,
) -> FineTuning:
    """Compare the original embeddings with the head.

    Parameters
    ----------
    items
        Training items.
    source
        Name of the data.
    """
    settings, kept = result.settings, result.is_unchanged
    chosen_on = test = None
    if judged.validation is not None:
        chosen_on = _compared(judged.validation, result, settings.calibration_range, resources)
    elif result.cross_validated is not None:
        chosen_on = cross_validated_comparison(result.cross_validated, items, settings)
    if judged.test is not None:
        test = _compared(judged.test, result, settings.calibration_range, resources)
    found, evaluated_on = test or chosen_on, None
    if found is not None:
        evaluated_on = "test" if test else settings.choose.value
        found = replace(found, warnings=()) if kept else found  # equal sides are no surprise here
    return FineTuning(
        opis_version=__version__,
        signature=settings.signature(),
        data=TrainingData(
            source=without_credentials(source),
            n_items=items.n_items,
            n_classes=items.n_classes,
            dims=items.dims,
            sha256=items.sha256,
        ),
        head=_head(result),
        choice=_choice(result),
        evaluated_on=evaluated_on,
        validation=_summary(chosen_on),
        test=_summary(test),
        warnings=_warnings(result),
        comparison=found,
    )


def _warnings(result: TrainingResult) -> tuple[ReportWarning, ...]:
    if not result.is_unchanged:
        return ()
    message = f"the original embeddings were kept: {result.reason}; an identity head was written"
    return (ReportWarning("no-better-head", message),)


def _head(result: TrainingResult) -> HeadSummary:
    cohort, offsets = result.fitted.cohort, None
    if cohort is not None:
        offsets = HeadOffsets(
            k=cohort.k, weight=cohort.weight, centre=cohort.centre, n_cohort=len(cohort.rows)
        )
    return HeadSummary(dims=result.projection.dim, step=result.step, offsets=offsets)


def _name(result: TrainingResult) -> str | None:
    """What was chosen on validation classes, in the words of the candidates."""
    parts = {"head": result.step is not None, "offsets": result.fitted.cohort is not None}
    return " with ".join(name for name, there in parts.items() if there) or None


def _choice(result: TrainingResult) -> HeadChoice:
    settings, choice = result.settings, result.choice
    if choice is None:
        return HeadChoice(
            rule=Choose.VALIDATION.value,
            at_far=None,
            candidates=(),
            chosen=_name(result),
            reason=result.reason,
        )
    return HeadChoice(
        rule="careful" if settings.careful else Choose.CROSS_VALIDATION.value,
        at_far=None if result.cross_validated is None else result.cross_validated.at_far,
        candidates=tuple(
            CandidateNumbers(
                name=one.name,
                opis=one.opis,
                opis_corrected=one.corrected,
                recall=one.recall,
                tar=one.tar,
                share_better=one.share_better,
                refused=one.refused,
            )
            for one in choice.judged
        ),
        chosen=None if choice.chosen is None else choice.chosen.name,
        reason=result.reason,
    )


def _summary(comparison: Comparison | None) -> ClassesSummary | None:
    if comparison is None:
        return None
    before, after = (
        {metric.name: metric.values[side].value for metric in comparison.metrics} for side in (0, 1)
    )
    data = comparison.data[0]
    return ClassesSummary(
        n_items=data.n_items or 0, n_classes=data.n_classes or 0, before=before, after=after
    )


def _compared(
    items: EmbeddingSet,
    result: TrainingResult,
    calibration_range: RangeRequest,
    resources: Resources,
) -> Comparison:
    settings = EvaluationSettings(calibration_range=calibration_range)
    through = result.fitted.applied(items, resources.threads)
    return compare_runs(
        [
            count_items(side, settings, resources, source=name)
            for name, side in zip(_SIDES, (items, through), strict=True)
        ]
    )
