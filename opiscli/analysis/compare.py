"""The recipe of a comparison: the same numbers of several evaluations, against the first."""

from collections.abc import Iterator, Mapping, Sequence

from opiscli.analysis.evaluate import derive
from opiscli.analysis.paired_change import change_of, paired_interval, ratio_of
from opiscli.analysis.resamples import Resamples, resamples
from opiscli.analysis.significance import without_flattery
from opiscli.analysis.verdict import NOT_COMPARABLE, verdict
from opiscli.analysis.warnings.compare import comparison_warnings
from opiscli.counts.counts import CountedSet
from opiscli.results import (
    Change,
    ComparedMetric,
    ComparedValue,
    Comparison,
    Evaluation,
    Interval,
)
from opiscli.results.headline import Entry
from opiscli.results.headlines import compared_entries
from opiscli.settings.evaluation import without_score
from opiscli.settings.version import __version__


def compare_runs(runs: Sequence[CountedSet]) -> Comparison:
    """Compare counted sets under the same settings; changes are from the first.

    Parameters
    ----------
    runs
        At least two. Changes have confidence intervals if all have the same classes: then
        both sides of a change are resampled by the same draws of classes.

    Raises
    ------
    UndefinedMetric
        If the calibration range of one cannot be formed.
    """
    return compare_evaluations([derive(run) for run in runs], runs)


def compare_evaluations(
    evaluations: Sequence[Evaluation], runs: Sequence[CountedSet] = ()
) -> Comparison:
    """Compare evaluations that exist already.

    Parameters
    ----------
    evaluations
        At least two.
    runs
        The counts that they are of, in their order, for the intervals of changes. Without
        them changes have no interval.
    """
    is_paired = bool(runs) and all(_same_classes(run, runs[0]) for run in runs[1:])
    draws: list[Resamples] = [resamples(run) for run in runs] if is_paired else []
    compared = [compared_entries(evaluation) for evaluation in evaluations]
    signatures = list(dict.fromkeys(evaluation.signature for evaluation in evaluations))
    metrics = tuple(
        ComparedMetric(
            name=first.name,
            higher_is_better=bool(first.higher_is_better),
            values=tuple(_values(first, compared, draws)),
        )
        for first in compared[0].values()
    )
    epsilon = evaluations[0].eps_opis.epsilon
    alike = list(dict.fromkeys(map(without_score, signatures)))
    return Comparison(
        opis_version=__version__,
        signature=" ".join(signatures),
        data=tuple(evaluation.data for evaluation in evaluations),
        is_paired=is_paired,
        epsilon=epsilon,
        metrics=without_flattery(metrics),
        verdict=verdict(metrics, epsilon) if len(alike) == 1 else NOT_COMPARABLE,
        warnings=tuple(comparison_warnings(evaluations, alike, is_paired=is_paired or not runs)),
    )


def _values(
    first: Entry, compared: Sequence[Mapping[str, Entry]], draws: Sequence[Resamples]
) -> Iterator[ComparedValue]:
    """One number of all evaluations, with its change from the first."""
    for position, entries in enumerate(compared):
        entry = entries.get(first.name)
        if entry is None:
            yield ComparedValue(value=None, ci=None, change=None)
            continue
        change = None
        if position > 0:
            pair = (draws[0], draws[position]) if draws else None
            change = _change(first, entry, pair)
        yield ComparedValue(value=entry.number.value, ci=entry.number.ci, change=change)


def _change(first: Entry, entry: Entry, pair: tuple[Resamples, Resamples] | None) -> Change | None:
    before, after = first.number.value, entry.number.value
    if before is None or after is None:
        return None
    ratio = ratio_of(before, after, as_ratio=entry.is_spread)
    ci = None if pair is None else _interval(entry.name, after - before, ratio, pair)
    return change_of(
        before, after, ci, as_ratio=entry.is_spread, higher_is_better=entry.higher_is_better
    )


def _interval(
    name: str, difference: float, ratio: float | None, pair: tuple[Resamples, Resamples]
) -> Interval | None:
    before, after = pair
    if name not in before.of or name not in after.of:
        return None
    return paired_interval(difference, ratio, before.of[name], after.of[name], after.n_classes)


def _same_classes(run: CountedSet, other: CountedSet) -> bool:
    have_classes = run.counted.table.has_classes and other.counted.table.has_classes
    return have_classes and _paired_names(run) == _paired_names(other)


def _paired_names(run: CountedSet) -> list[str]:
    kept = run.counted.table.has_positives
    return [name for name, keep in zip(run.counted.names, kept, strict=True) if keep]
