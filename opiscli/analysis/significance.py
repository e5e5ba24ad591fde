"""Significance of the changes between two evaluations."""

from collections.abc import Sequence
from dataclasses import replace
from math import hypot

from opiscli.results import ComparedMetric, ComparedValue, Interval
from opiscli.results.headlines import is_consistency


def direction(metric: ComparedMetric, position: int) -> int:
    """Direction of a significant change from the first evaluation.

    By the paired interval of the change; where there is none, by the intervals of both values
    as of independent ones.

    Returns
    -------
    int
        1 if it rose, -1 if it fell, 0 if neither is certain.
    """
    before, after = metric.values[0], metric.values[position]
    change = after.change
    if change is None or change.difference == 0:
        return 0
    certain = change.is_certain if change.ci is not None else _are_apart(before, after)
    if not certain:
        return 0
    return 1 if change.difference > 0 else -1


def fallen(metrics: Sequence[ComparedMetric], position: int) -> list[ComparedMetric]:
    """Measures of accuracy (R@k, TAR, mean class score) that fell significantly."""
    return [one for one in _accuracy(metrics) if direction(one, position) < 0]


def risen(metrics: Sequence[ComparedMetric], position: int) -> list[ComparedMetric]:
    """Measures of accuracy that rose significantly."""
    return [one for one in _accuracy(metrics) if direction(one, position) > 0]


def without_flattery(metrics: Sequence[ComparedMetric]) -> tuple[ComparedMetric, ...]:
    """The same, but a lower OPIS is not marked as better if accuracy fell."""
    flattered = {
        position for position in range(1, len(metrics[0].values)) if fallen(metrics, position)
    }
    return tuple(
        replace(
            metric,
            values=tuple(
                _neutral(value) if position in flattered else value
                for position, value in enumerate(metric.values)
            ),
        )
        if is_consistency(metric.name)
        else metric
        for metric in metrics
    )


def _accuracy(metrics: Sequence[ComparedMetric]) -> list[ComparedMetric]:
    return [one for one in metrics if one.higher_is_better and not is_consistency(one.name)]


def _neutral(value: ComparedValue) -> ComparedValue:
    change = value.change
    if change is None or not change.is_better:
        return value
    return replace(value, change=replace(change, is_better=None, is_flattered=True))


def _are_apart(before: ComparedValue, after: ComparedValue) -> bool:
    """Whether two values differ by more than their combined confidence intervals."""
    if before.value is None or after.value is None or before.ci is None or after.ci is None:
        return False
    up = after.value > before.value
    reach = hypot(_reach(before.ci, before.value, up=up), _reach(after.ci, after.value, up=not up))
    return abs(after.value - before.value) > reach


def _reach(ci: Interval, value: float, *, up: bool) -> float:
    return ci.hi - value if up else value - ci.lo
