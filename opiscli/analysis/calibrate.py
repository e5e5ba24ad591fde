"""The recipe of a calibration: choose thresholds from counts and compute their rates."""

from dataclasses import replace

import numpy as np

from opiscli.analysis.given_thresholds import about_units, given_threshold
from opiscli.analysis.identification import identification_at, search_at
from opiscli.analysis.operating_points import calibrated_point
from opiscli.analysis.warnings.calibrate import calibration_warnings
from opiscli.analysis.warnings.identification import search_warnings
from opiscli.analysis.warnings.precision_order import order_warnings
from opiscli.counts.counts import CountedSet
from opiscli.metrics.intervals.rate import upper_bound
from opiscli.metrics.intervals.share_of_classes import classes_above_far, classes_above_frr
from opiscli.results import CalibratedPoint, Calibration, ClassGuarantee, OneSidedBound, Pairs
from opiscli.results.calibration import GIVEN_SCORE, PLAIN_SCORE
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.target import Target
from opiscli.settings.version import __version__
from opiscli.thresholds.at_rate import require_direction
from opiscli.thresholds.choose import choose, far_spread


def choose_thresholds(run: CountedSet, settings: CalibrationSettings) -> tuple[float, ...]:
    """Threshold of each target, from complete counts.

    Raises
    ------
    EmbeddingError
        If positive pairs lie farther apart than negative ones.
    UndefinedMetric
        If no threshold meets a target.
    """
    require_direction(run.counted.pooled, run.settings.distance)
    return tuple(_chosen(run, target, settings) for target in settings.targets)


def _chosen(run: CountedSet, target: Target, settings: CalibrationSettings) -> float:
    given = given_threshold(run, target)
    return choose(run.counted, target, settings) if given is None else given


def calibrate_run(
    run: CountedSet,
    thresholds: tuple[float, ...],
    settings: CalibrationSettings,
    *,
    evaluated: CountedSet | None = None,
) -> Calibration:
    """Compute the rates at the chosen thresholds.

    Parameters
    ----------
    run
        What the thresholds were chosen on.
    thresholds
        One for each target.
    evaluated
        What the rates are to be of, if not of that.
    """
    on = evaluated or run
    points = tuple(
        _point(run, on, threshold, index, settings) for index, threshold in enumerate(thresholds)
    )
    table = on.counted.table
    calibration = Calibration(
        opis_version=__version__,
        signature=settings.signature(__version__),
        data=run.data,
        evaluation_data=None if evaluated is None else evaluated.data,
        distance=settings.distance.value,
        score=_score(settings),
        pairs=Pairs(on.counted.mode, table.n_positive, table.n_negative, on.settings.unit),
        operating_points=points,
        warnings=(),
        gallery=None if on.gallery is None else on.gallery.data,
    )
    of_units = (*about_units(run, settings.targets), *order_warnings(run, settings))
    about_pairs = calibration_warnings(calibration, run.n_conflicts)
    warnings = (*of_units, *about_pairs, *search_warnings(on, points))
    return replace(calibration, warnings=warnings)


def _score(settings: CalibrationSettings) -> str:
    return GIVEN_SCORE if settings.distance.is_given else settings.score or PLAIN_SCORE


def _point(
    run: CountedSet, on: CountedSet, threshold: float, index: int, settings: CalibrationSettings
) -> CalibratedPoint:
    target = settings.targets[index]
    bound = _far_bound(run, threshold, settings)
    point = calibrated_point(
        on.counted.at_or_above(threshold), target, on.counted.names, settings, on.data.source
    )
    searched = search_at(run.counted, on.counted, threshold, target, settings)
    point = replace(point, identification=searched)
    point = replace(
        point, far_bound=bound, class_guarantee=_class_guarantee(run, threshold, target, settings)
    )
    if on is run:
        return point
    before = calibrated_point(
        run.counted.at_or_above(threshold), target, run.counted.names, settings, run.data.source
    )
    return replace(
        point,
        calibrated_far=before.far,
        calibrated_frr=before.frr,
        calibrated_identification=identification_at(run.counted, before.threshold, settings.margin),
    )


def _class_guarantee(
    run: CountedSet, threshold: float, target: Target, settings: CalibrationSettings
) -> ClassGuarantee | None:
    """How many classes meet the target, and what that says of all, with ``--class-share``."""
    sure = settings.guarantee
    if sure is None or target.value is None:
        return None
    counts = run.counted.at_or_above(threshold)
    if target.most_frr is not None:
        above = classes_above_frr(counts, target.most_frr)
    else:
        above = classes_above_far(counts, target.value)
    n_classes = int(np.count_nonzero(counts.has_positives))
    return ClassGuarantee(
        share=sure.share,
        confidence=sure.confidence,
        n_classes=n_classes,
        n_failing=round(float(above.share[0]) * n_classes),
        n_effective=float(above.effective[0]),
        upper_share=float(above.upper_bound(sure.confidence)[0]),
    )


def _far_bound(
    run: CountedSet, threshold: float, settings: CalibrationSettings
) -> OneSidedBound | None:
    """The one-sided FAR bound by which the threshold was chosen, with ``--confidence``."""
    if settings.confidence is None or settings.guarantee is not None:
        return None
    spread = far_spread(settings.average)(run.counted.at_or_above(threshold))
    bound = upper_bound(spread, settings.confidence)
    return OneSidedBound(float(bound[0]), settings.confidence)
