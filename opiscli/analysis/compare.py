"""The recipe of a comparison: the same numbers of several evaluations, against the first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from opiscli.analysis.evaluate import derive
from opiscli.arrays import FloatArray, IntArray
from opiscli.counting.request import OPERATING_FARS, points
from opiscli.counts.counts import CountedSet
from opiscli.metrics.intervals.bootstrap import ClassBootstrap, thinned
from opiscli.metrics.intervals.change import difference_interval, ratio_interval
from opiscli.metrics.opis import n_worst
from opiscli.metrics.recall import recall_name
from opiscli.metrics.utility import utility
from opiscli.results import (
    Change,
    ComparedMetric,
    ComparedValue,
    Comparison,
    Evaluation,
    Interval,
    ReportWarning,
)
from opiscli.settings.numbers import plain
from opiscli.version import __version__


def compare_runs(runs: Sequence[CountedSet]) -> Comparison:
    """Compare evaluations under the same settings; the first is what others are held against.

    Parameters
    ----------
    runs
        At least two. Changes have intervals if all are of the same classes: then both
        sides of a change are resampled by the same draws of classes.

    Raises
    ------
    UndefinedMetric
        If the calibration range of one cannot be formed.
    """
    evaluations = [derive(run) for run in runs]
    first = evaluations[0]
    is_paired = all(_same_classes(run, runs[0]) for run in runs[1:])
    resampled = [_resampled(run) if is_paired else {} for run in runs]
    signatures = list(dict.fromkeys(one.signature for one in evaluations))
    return Comparison(
        opis_version=__version__,
        signature=" ".join(signatures),
        data=tuple(one.data for one in evaluations),
        is_paired=is_paired,
        epsilon=first.eps_opis.epsilon,
        metrics=tuple(
            ComparedMetric(
                name=metric.name,
                higher_is_better=metric.higher_is_better,
                values=tuple(
                    _value(metric, of, first, draws, resampled[0])
                    for of, draws in zip(evaluations, resampled, strict=True)
                ),
            )
            for metric in _metrics(first)
        ),
        warnings=tuple(_warnings(evaluations, signatures, is_paired=is_paired)),
    )


@dataclass(frozen=True, slots=True)
class _Metric:
    """A number to compare: where it is in an evaluation, and which way is better."""

    name: str
    higher_is_better: bool

    def of(self, evaluation: Evaluation) -> tuple[float | None, Interval | None]:
        kind, _, at = self.name.partition("@")
        if kind == "recall":
            recall = evaluation.recall.get(at)
            return (None, None) if recall is None else (recall.value, recall.ci)
        if kind == "tar":
            rate = next(
                (
                    p.frr
                    for p in evaluation.operating_points
                    if p.target_far is not None and f"far={plain(p.target_far)}" == at
                ),
                None,
            )
            if rate is None:
                return None, None
            return 1 - rate.value, Interval(1 - rate.ci.hi, 1 - rate.ci.lo)
        opis, eps = evaluation.opis, evaluation.eps_opis
        return {
            "opis": (opis.value, opis.ci),
            "opis_corrected": (opis.corrected, None),
            "eps_opis": (eps.value, eps.ci),
        }[kind]


def _metrics(first: Evaluation) -> list[_Metric]:
    return [
        *(_Metric(recall_name(int(k)), higher_is_better=True) for k in first.recall),
        _Metric("opis", higher_is_better=False),
        _Metric("opis_corrected", higher_is_better=False),
        _Metric("eps_opis", higher_is_better=False),
        *(_Metric(f"tar@far={plain(far)}", higher_is_better=True) for far in OPERATING_FARS),
    ]


def _value(
    metric: _Metric,
    of: Evaluation,
    first: Evaluation,
    draws: dict[str, FloatArray],
    first_draws: dict[str, FloatArray],
) -> ComparedValue:
    value, ci = metric.of(of)
    before, _ = metric.of(first)
    if of is first or value is None or before is None:
        return ComparedValue(value=value, ci=ci, change=None)
    difference = value - before
    is_spread = metric.name in ("opis", "eps_opis")
    ratio = value / before if is_spread and before > 0 else None
    interval = None
    if metric.name in draws and metric.name in first_draws:
        pair = first_draws[metric.name], draws[metric.name]
        bounds = (
            difference_interval(difference, *pair, of.opis.n_classes)
            if ratio is None or ratio == 0
            else ratio_interval(ratio, *pair, of.opis.n_classes)
        )
        interval = Interval(*bounds)
    none = 0.0 if ratio is None else 1.0
    return ComparedValue(
        value=value,
        ci=ci,
        change=Change(
            difference=difference,
            ratio=ratio,
            ci=None if interval is None or not np.isfinite(interval.hi) else interval,
            is_better=None if difference == 0 else (difference > 0) == metric.higher_is_better,
            is_certain=interval is not None and not interval.lo <= none <= interval.hi,
        ),
    )


def _same_classes(run: CountedSet, other: CountedSet) -> bool:
    return _paired_names(run) == _paired_names(other)


def _paired_names(run: CountedSet) -> list[str]:
    kept = run.counted.table.has_positives
    return [name for name, keep in zip(run.counted.names, kept, strict=True) if keep]


def _resampled(run: CountedSet) -> dict[str, FloatArray]:
    """Resamples of every number that can be resampled, by the same draws for every run."""
    counted, settings = run.counted, run.settings
    if counted.grid is None:
        return {}
    grid = counted.at(counted.grid)
    has_pairs = grid.has_positives
    curves = utility(grid.of_classes(has_pairs), settings.utility, settings.beta)
    bootstrap = ClassBootstrap(len(curves), settings.n_resamples, settings.seed)
    few = thinned(len(grid.thresholds))
    curves, thresholds = curves[:, few], grid.thresholds[few]
    queries: IntArray = counted.queries[has_pairs]
    found = {"opis": bootstrap.opis(curves, thresholds)}
    if n_worst(settings.epsilon, len(curves)) < len(curves):
        found["eps_opis"] = bootstrap.epsilon_opis(curves, thresholds, settings.epsilon)
    for k in settings.ks:
        hits = counted.retrieval[recall_name(k)][has_pairs]
        found[recall_name(k)] = bootstrap.share(hits, queries)
    for far, threshold in points(counted.pooled).items():
        at = counted.at(np.array([threshold])).of_classes(has_pairs)
        accepted = at.positive[:, 0].astype(np.float64)
        found[f"tar@far={plain(far)}"] = bootstrap.share(accepted, at.positive_pairs)
    return found


def _warnings(
    evaluations: Sequence[Evaluation], signatures: Sequence[str], *, is_paired: bool
) -> list[ReportWarning]:
    found = []
    if len(signatures) > 1:
        found.append(
            ReportWarning(
                "settings-differ",
                "the evaluations were made under different settings, so their numbers cannot be"
                " compared; give the same options, or evaluate again",
            )
        )
    if not is_paired:
        found.append(
            ReportWarning(
                "classes-differ",
                "the classes are not the same, so changes have no interval",
            )
        )
    shas = {one.data.sha256 for one in evaluations}
    if len(shas) < len(evaluations):
        found.append(ReportWarning("same-data", "two of the sources hold the same embeddings"))
    return found
