"""Compares a choice by cross-validation with the original embeddings, on all training classes."""

from collections.abc import Sequence
from typing import NamedTuple

from opiscli.analysis.paired_change import change_of, paired_interval, ratio_of
from opiscli.analysis.significance import without_flattery
from opiscli.analysis.verdict import verdict
from opiscli.arrays import FloatArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.metrics.intervals.bootstrap import log_interval, percentile_interval
from opiscli.metrics.opis import LARGEST_OPIS
from opiscli.results import ComparedMetric, ComparedValue, Comparison, Data, Interval
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.numbers import plain
from opiscli.settings.version import __version__
from opiscli.training.judgement import Judgement, draws, pooled, pooled_corrected
from opiscli.training.result import CrossValidated
from opiscli.training.settings import TrainingSettings

_SIDES = ("frozen embeddings", "through a head of other classes")


class _Side(NamedTuple):
    """A number of one side, its resamples and its confidence interval."""

    value: float
    drawn: FloatArray
    ci: Interval


def cross_validated_comparison(
    judged: CrossValidated, items: EmbeddingSet, settings: TrainingSettings
) -> Comparison:
    """Compare each part of the classes without a head and with what was chosen.

    Both sides are resampled by the same draws of classes. No class was trained on by the head it
    is seen through, but the choice was made on these numbers.

    Parameters
    ----------
    items
        The training items.
    """
    defaults = EvaluationSettings()
    n_classes = sum(part.n_classes for part in judged.frozen)
    weights = draws(judged.frozen, defaults.n_resamples, settings.seed)
    sides = [_numbers(parts, weights, n_classes) for parts in (judged.frozen, judged.chosen)]
    opis, recall, tar = (tuple(side[i] for side in sides) for i in range(3))
    corrected = [pooled_corrected(parts) for parts in (judged.frozen, judged.chosen)]
    metrics = without_flattery(
        (
            _metric("recall@1", recall, n_classes, higher_is_better=True),
            _metric("opis", opis, n_classes, higher_is_better=False),
            _corrected(corrected),
            _metric(f"tar@far={plain(judged.at_far)}", tar, n_classes, higher_is_better=True),
        )
    )
    return Comparison(
        opis_version=__version__,
        signature=settings.signature(),
        data=tuple(_data(name, judged, items, n_classes) for name in _SIDES),
        is_paired=True,
        epsilon=defaults.epsilon,
        metrics=metrics,
        verdict=verdict(metrics, defaults.epsilon),
        warnings=(),
    )


def _numbers(
    parts: Sequence[Judgement], weights: Sequence[FloatArray], n_classes: int
) -> tuple[_Side, ...]:
    values, drawn = pooled(parts), pooled(parts, weights)
    found = []
    for name, value, resampled in zip(values._fields, values, drawn, strict=True):
        number = float(value[0])
        bounds = percentile_interval(resampled)
        if name == "opis":
            bounds = log_interval(number, resampled, n_classes, largest=LARGEST_OPIS)
        found.append(_Side(number, resampled, Interval(*bounds)))
    return tuple(found)


def _metric(
    name: str, sides: Sequence[_Side], n_classes: int, *, higher_is_better: bool
) -> ComparedMetric:
    before, after = sides
    is_spread = not higher_is_better
    pair = before.value, after.value
    ratio = ratio_of(*pair, as_ratio=is_spread)
    difference = after.value - before.value
    ci = paired_interval(difference, ratio, before.drawn, after.drawn, n_classes)
    change = change_of(*pair, ci, as_ratio=is_spread, higher_is_better=higher_is_better)
    return ComparedMetric(
        name=name,
        higher_is_better=higher_is_better,
        values=(
            ComparedValue(value=before.value, ci=before.ci, change=None),
            ComparedValue(value=after.value, ci=after.ci, change=change),
        ),
    )


def _corrected(values: Sequence[float | None]) -> ComparedMetric:
    before, after = values
    change = None
    if before is not None and after is not None:
        change = change_of(before, after, None, as_ratio=True, higher_is_better=False)
    return ComparedMetric(
        name="opis_corrected",
        higher_is_better=False,
        values=(
            ComparedValue(value=before, ci=None, change=None),
            ComparedValue(value=after, ci=None, change=change),
        ),
    )


def _data(name: str, judged: CrossValidated, items: EmbeddingSet, n_classes: int) -> Data:
    return Data(
        source=name,
        where=(),
        n_items=judged.n_items,
        dims=items.dims,
        n_classes=n_classes,
        n_singletons=0,
        n_duplicates=0,
        duplicates_dropped=False,
        sha256=items.sha256,
    )
