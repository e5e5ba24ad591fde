"""Hold-out test: a threshold chosen on some classes, tested on others."""

from dataclasses import replace

import numpy as np

from opiscli.analysis.calibrate import calibrate_run
from opiscli.analysis.counting import count_items
from opiscli.analysis.inputs import Work
from opiscli.analysis.precision_order import with_order
from opiscli.counts.counts import CountedSet
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, UndefinedMetric
from opiscli.progress import Progress
from opiscli.results import CalibratedPoint, Calibration, Holdout
from opiscli.settings.calibration import Average, CalibrationSettings
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.choose import choose

_RATES = (Criterion.FAR, Criterion.FRR, Criterion.TAR)
"""Criteria whose target is a rate that errors are counted for."""


def hold_out(
    calibration: Calibration,
    items: EmbeddingSet,
    settings: CalibrationSettings,
    resources: Resources,
    *,
    on_progress: Progress | None = None,
) -> Calibration:
    """Add to each threshold how well its target is met on held-out classes.

    Classes are drawn at random into two parts, again and again. On the first part a
    threshold is chosen as on the whole; on the second its rates are taken. Pairs are
    formed inside a part.

    Parameters
    ----------
    calibration
        Of all classes.
    items
        What it is of, duplicates included.
    settings
        With ``holdout``, the share of classes in the first part.

    Raises
    ------
    UndefinedMetric
        If a target was attainable in none of the draws.
    """
    share = settings.holdout
    if share is None:
        return calibration
    rng = np.random.default_rng(settings.seed)
    items = items.without_repeats() if settings.drop_duplicates else items
    found: list[list[float]] = [[] for _ in settings.targets]
    for _ in range(settings.repeats):
        is_first = rng.permutation(items.n_classes) < round(share * items.n_classes)
        try:
            first, second = (
                count_classes(items, is_in_part, settings, resources, on_progress)
                for is_in_part in (is_first, ~is_first)
            )
        except EmbeddingError:  # no pairs left in one of the parts
            continue
        for ratios, target in zip(found, settings.targets, strict=True):
            attained = _attained(first, second, target, settings)
            if attained is not None:
                ratios.append(attained)
    points = tuple(
        replace(point, holdout=_summary(ratios, point, share, settings.repeats))
        for ratios, point in zip(found, calibration.operating_points, strict=True)
    )
    return replace(calibration, operating_points=points)


def count_classes(
    items: EmbeddingSet,
    chosen: np.ndarray[tuple[int], np.dtype[np.bool_]],
    settings: CalibrationSettings,
    resources: Resources,
    on_progress: Progress | None,
) -> CountedSet:
    """Count the pairs among the items of the chosen classes."""
    part = items.subset(np.flatnonzero(chosen[items.codes]))
    asked = EvaluationSettings(distance=settings.distance, ks=(), min_items=settings.min_items)
    counts = count_items(part, asked, resources, complete=True, on_progress=on_progress)
    return with_order(counts, part, settings, Work(resources, on_progress))


def _attained(
    first: CountedSet, second: CountedSet, target: Target, settings: CalibrationSettings
) -> float | None:
    """Attained over target on the second part; the rate itself where there is no target."""
    try:
        threshold = choose(first.counted, target, settings)
    except UndefinedMetric:
        return None
    one = replace(settings, targets=(target,))
    point = calibrate_run(second, (threshold,), one).operating_points[0]
    if point.far is None or point.frr is None or point.macro_far is None:
        return None
    is_macro = settings.average is Average.MACRO
    far = point.macro_far if is_macro else point.far.value
    frr = point.macro_frr if is_macro else point.frr.value
    if target.value is None or target.criterion not in _RATES:
        return far
    if target.criterion is Criterion.FAR:
        return far / target.value
    return frr / target.most_frr if target.most_frr else frr


def _summary(ratios: list[float], point: CalibratedPoint, share: float, repeats: int) -> Holdout:
    if not ratios:
        raise UndefinedMetric(
            f"{point.name} was attainable in none of {repeats} draws of classes",
            hint="Choose on a larger share of the classes, or give a larger target.",
        )
    lo, median, hi = np.quantile(ratios, [0.025, 0.5, 0.975]).tolist()
    return Holdout(
        share=share,
        repeats=repeats,
        is_ratio=point.criterion in _RATES,
        n_attained=len(ratios),
        median=median,
        lo=lo,
        hi=hi,
        largest=max(ratios),
        n_above=int(np.count_nonzero(np.array(ratios) > 1)),
        ratios=tuple(ratios),
    )
