"""Hold-out test: a threshold chosen on some classes, tested on others."""

from collections.abc import Container
from dataclasses import replace
from itertools import compress
from typing import NamedTuple

import numpy as np

from opiscli.analysis.calibrate import calibrate_run
from opiscli.analysis.counting import Gallery, count_items
from opiscli.analysis.identification import identification_at, settings_with_margin
from opiscli.analysis.inputs import Work
from opiscli.analysis.precision_order import with_order
from opiscli.arrays import IntArray
from opiscli.counts.counts import CountedSet
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, UndefinedMetric
from opiscli.progress import Progress
from opiscli.results import CalibratedPoint, Calibration, HeldOutMargin, Holdout
from opiscli.settings.calibration import Average, CalibrationSettings
from opiscli.settings.evaluation import EvaluationSettings
from opiscli.settings.resources import Resources
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.choose import choose

_RATES = (Criterion.FAR, Criterion.FRR, Criterion.TAR, Criterion.FPIR)
"""Criteria whose target is a rate that errors are counted for."""


class _Attained(NamedTuple):
    """Attained over target on the second part; the rate itself where there is no target.

    ``searches`` are FPIR and FNIR with a margin, and both without it.
    """

    ratio: float
    searches: tuple[float, ...] = ()


def hold_out(
    calibration: Calibration,
    items: EmbeddingSet,
    settings: CalibrationSettings,
    resources: Resources,
    *,
    gallery: Gallery | None = None,
    on_progress: Progress | None = None,
) -> Calibration:
    """Add to each threshold how well its target is met on held-out classes.

    Classes are drawn at random into two parts, again and again. On the first part a
    threshold is chosen as on the whole; on the second its rates are taken. Pairs are
    formed inside a part, so a gallery is divided by class as well.

    Parameters
    ----------
    calibration
        Of all classes.
    items
        What it is of, duplicates included.
    settings
        With ``holdout``, the share of classes in the first part.
    gallery
        What the items are compared with, if not one another.

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
    found: list[list[_Attained]] = [[] for _ in settings.targets]
    names = class_names(items, gallery)
    for _ in range(settings.repeats):
        is_first = rng.permutation(len(names)) < round(share * len(names))
        try:
            first, second = (
                count_classes(items, gallery, of_part, settings, resources, on_progress)
                for of_part in (set(compress(names, mask)) for mask in (is_first, ~is_first))
            )
        except EmbeddingError:  # no pairs left in one of the parts
            continue
        for of_target, target in zip(found, settings.targets, strict=True):
            attained = _attained(first, second, target, settings)
            if attained is not None:
                of_target.append(attained)
    points = tuple(
        replace(point, holdout=_summary(of_target, point, share, settings.repeats))
        for of_target, point in zip(found, calibration.operating_points, strict=True)
    )
    return replace(calibration, operating_points=points)


def class_names(items: EmbeddingSet, gallery: Gallery | None) -> list[str]:
    """Names of the classes, of both sides if there are two."""
    if gallery is None:
        return list(items.names)
    return sorted({*items.names, *gallery.items.names})


def count_classes(
    items: EmbeddingSet,
    gallery: Gallery | None,
    names: Container[str],
    settings: CalibrationSettings,
    resources: Resources,
    on_progress: Progress | None,
) -> CountedSet:
    """Count the pairs among the items of some classes, or between them and the gallery's."""
    has_searches = settings.margin is not None or any(
        target.criterion is Criterion.FPIR for target in settings.targets
    )
    asked = EvaluationSettings(
        distance=settings.distance,
        ks=(1,) if has_searches else (),
        min_items=settings.min_items,
    )
    queries, enrolled = _part(items, gallery, names)
    counts = count_items(
        queries,
        asked,
        resources,
        complete=True,
        gallery=enrolled,
        margin=settings.margin is not None,
        on_progress=on_progress,
    )
    return with_order(counts, queries, settings, Work(resources, on_progress))


def _part(
    items: EmbeddingSet, gallery: Gallery | None, names: Container[str]
) -> tuple[EmbeddingSet, Gallery | None]:
    """The items of some classes, and those of the gallery."""
    if gallery is None:
        return items.subset(_of_classes(items, names)), None
    queries, enrolled = (
        one.subset(_of_classes(one, names), with_pairs=False) for one in (items, gallery.items)
    )
    return queries, replace(gallery, items=enrolled)


def _of_classes(items: EmbeddingSet, names: Container[str]) -> IntArray:
    """Positions of the items of some classes."""
    chosen = np.array([name in names for name in items.names])
    return np.flatnonzero(chosen[items.codes])


def _attained(
    first: CountedSet, second: CountedSet, target: Target, settings: CalibrationSettings
) -> _Attained | None:
    """What a threshold chosen on the first part does on the second."""
    one = replace(settings, targets=(target,))
    try:
        one = settings_with_margin(first.counted, one)
        threshold = choose(first.counted, target, one)
    except UndefinedMetric:
        return None
    point = calibrate_run(second, (threshold,), one).operating_points[0]
    if point.far is None or point.frr is None or point.macro_far is None:
        return None
    searched = point.identification
    if target.criterion is Criterion.FPIR and target.value is not None:
        return (
            None
            if searched is None
            else _Attained(
                searched.fpir.value / target.value, _with_and_without_margin(first, second, one)
            )
        )
    is_macro = settings.average is Average.MACRO
    far = point.macro_far if is_macro else point.far.value
    frr = float(point.macro_frr or 0.0) if is_macro else point.frr.value
    if target.value is None or target.criterion not in _RATES:
        return _Attained(far)
    if target.criterion is Criterion.FAR:
        return _Attained(far / target.value)
    return _Attained(frr / target.most_frr if target.most_frr else frr)


def _with_and_without_margin(
    first: CountedSet, second: CountedSet, settings: CalibrationSettings
) -> tuple[float, ...]:
    """FPIR and FNIR on the second part with a margin, and of a threshold chosen alone.

    Empty where there is no margin, or if no threshold meets the target alone.
    """
    if settings.margin is None:
        return ()
    target, rates = settings.targets[0], []
    for how in (settings, replace(settings, margin=None)):
        try:
            threshold = choose(first.counted, target, how)
        except UndefinedMetric:
            return ()
        found = identification_at(second.counted, threshold, how.margin)
        rates += [] if found is None else [found.fpir.value, found.fnir.value]
    return tuple(rates)


def _margin(found: list[_Attained]) -> HeldOutMargin | None:
    rates = np.array([one.searches for one in found if one.searches])
    if not len(rates):
        return None
    fpir, fnir, fpir_alone, fnir_alone = np.median(rates, axis=0).tolist()
    return HeldOutMargin(
        fpir=fpir,
        fnir=fnir,
        fpir_alone=fpir_alone,
        fnir_alone=fnir_alone,
        n_lower=int(np.count_nonzero(rates[:, 1] < rates[:, 3])),
        n=len(rates),
    )


def _summary(found: list[_Attained], point: CalibratedPoint, share: float, repeats: int) -> Holdout:
    ratios = [one.ratio for one in found]
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
        margin=_margin(found),
    )
