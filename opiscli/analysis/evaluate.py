"""Every number of an evaluation, from counts alone: no embedding is seen here."""

from dataclasses import replace

import numpy as np

from opiscli.analysis.ann_index import derive_deployed, index_warnings
from opiscli.analysis.equal_errors import equal_errors
from opiscli.analysis.identification import with_identification
from opiscli.analysis.operating_points import operating_point, with_precision
from opiscli.analysis.scored_classes import Scored, scored_classes, undefined_epsilon_opis
from opiscli.analysis.warnings.evaluate import evaluation_warnings
from opiscli.analysis.warnings.gallery import gallery_warnings
from opiscli.analysis.warnings.identification import search_warnings
from opiscli.analysis.warnings.index import index_rate_warnings
from opiscli.analysis.warnings.pairs import class_score_warnings
from opiscli.analysis.warnings.scores import score_warnings
from opiscli.analysis.warnings.separation import source_warnings
from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.counts import CountedSet, Counts
from opiscli.metrics.intervals.bootstrap import ClassBootstrap, percentile_interval
from opiscli.metrics.intervals.rate import rule_of_three
from opiscli.metrics.map_at_r import MAP_AT_R, R_PRECISION
from opiscli.metrics.rates import pooled_far, pooled_frr
from opiscli.metrics.recall import recall_name
from opiscli.results import (
    Bounds,
    CalibrationRange,
    Estimate,
    Evaluation,
    Interval,
    OperatingPoint,
    Pairs,
    Ranking,
    Recall,
    UtilityKind,
)
from opiscli.settings.evaluation import EvaluationSettings, RangeBy
from opiscli.settings.listed_pairs import LISTED
from opiscli.settings.version import __version__
from opiscli.thresholds.at_rate import (
    OPERATING_FARS,
    calibration_range,
    operating_thresholds,
    require_direction,
)


def derive(
    run: CountedSet, thresholds: tuple[float, ...] = (), *, any_direction: bool = False
) -> Evaluation:
    """Compute the whole evaluation.

    Parameters
    ----------
    run
        Counts with what they are of.
    thresholds
        More thresholds to report the rates of, which must have been counted.
    any_direction
        Whether positive pairs may lie farther apart than negative ones, as in a small part
        of a set.

    Raises
    ------
    EmbeddingError
        If positive pairs lie farther apart than negative ones.
    UndefinedMetric
        If the calibration range cannot be formed.
    """
    counted, settings = run.counted, run.settings
    if not any_direction:
        require_direction(counted.pooled, settings.distance)
    grid = _grid(counted, settings)
    scored = Scored() if grid is None else scored_classes(counted, grid, settings)
    evaluation = Evaluation(
        opis_version=__version__,
        signature=settings.signature(__version__),
        data=run.data,
        gallery=None if run.gallery is None else run.gallery.data,
        distance=settings.distance.value,
        utility=UtilityKind(settings.utility.value, settings.beta),
        pairs=Pairs(
            counted.mode, counted.table.n_positive, counted.table.n_negative, settings.unit
        ),
        calibration_range=None if grid is None else _calibration_range(counted, grid, settings),
        opis=scored.opis,
        eps_opis=scored.eps_opis or undefined_epsilon_opis(settings.epsilon),
        recall=_recalls(counted, settings),
        mean_utility=scored.mean_utility,
        measures=scored.measures,
        operating_points=_operating_points(run, thresholds),
        worst_classes=scored.worst_classes,
        warnings=(),
        ranking=_ranking(counted, settings) if settings.ranking else None,
        eer=equal_errors(counted, settings.distance) if counted.mode == LISTED else None,
    )
    return _with_warnings(evaluation, run)


def _with_warnings(evaluation: Evaluation, run: CountedSet) -> Evaluation:
    """Add what a reader must know, and the numbers through an index."""
    table, about_source = run.counted.table, source_warnings(run)
    sizes = table.class_sizes[table.has_positives]
    warnings = (
        *about_source,
        *score_warnings(evaluation, sizes[sizes > 0], about_source),
        *class_score_warnings(run),
        *evaluation_warnings(evaluation, run.n_conflicts),
        *search_warnings(run, evaluation.operating_points),
    )
    if run.gallery is not None:
        warnings = (*gallery_warnings(run.data, run.gallery, run.counted), *warnings)
    if run.deployed is None:
        return replace(evaluation, warnings=warnings)
    thresholds = operating_thresholds(run.counted.pooled)
    deployed = derive_deployed(run.deployed, run.counted, thresholds, run.settings)
    more = (*index_warnings(run.deployed), *index_rate_warnings(deployed))
    return replace(evaluation, warnings=(*warnings, *more), deployed=deployed)


def _grid(counted: Counts, settings: EvaluationSettings) -> FloatArray | None:
    """The thresholds of the calibration range; listed pairs may have none."""
    if counted.grid is None and counted.mode != LISTED:
        # Raises, and says why.
        calibration_range(counted.pooled, settings.calibration_range, settings.distance)
        raise AssertionError("a range that can be formed has a grid")
    return counted.grid


def _operating_points(run: CountedSet, thresholds: tuple[float, ...]) -> tuple[OperatingPoint, ...]:
    counted, settings = run.counted, run.settings
    how = counted.names, settings.distance, settings.epsilon
    chosen = operating_thresholds(counted.pooled)
    points = (
        *(
            operating_point(counted.at(np.array([chosen[target]])), target, *how)
            if target in chosen
            else OperatingPoint(target_far=target)
            for target in OPERATING_FARS
        ),
        *(operating_point(counted.at_or_above(threshold), None, *how) for threshold in thresholds),
    )
    return tuple(
        with_identification(with_precision(point, settings.prevalence), counted) for point in points
    )


def _calibration_range(
    counted: Counts, grid: FloatArray, settings: EvaluationSettings
) -> CalibrationRange:
    request, ends = settings.calibration_range, counted.at(grid[[0, -1]])
    far = Bounds(*pooled_far(ends).tolist())
    frr = Bounds(*sorted(pooled_frr(ends).tolist()))
    return CalibrationRange(
        by=request.by.value,
        far=Bounds(request.lo, request.hi) if request.by is RangeBy.FAR else far,
        attained_far=far,
        attained_frr=frr,
        threshold=Bounds(*sorted(map(settings.distance.shown, ends.thresholds.tolist()))),
        n_thresholds=len(grid),
    )


def _recalls(counted: Counts, settings: EvaluationSettings) -> dict[str, Recall]:
    has_pairs = counted.table.has_positives
    queries = counted.queries[has_pairs]
    found = {}
    for k in settings.ks:
        hits = counted.retrieval[recall_name(k)][has_pairs]
        estimate = _mean_of_queries(hits, queries, settings)
        found[str(k)] = Recall(estimate.value, estimate.ci, int(queries.sum()))
    return found


def _ranking(counted: Counts, settings: EvaluationSettings) -> Ranking:
    has_pairs = counted.table.has_positives
    queries = counted.queries[has_pairs]
    return Ranking(
        *(
            _mean_of_queries(counted.retrieval[name][has_pairs], queries, settings)
            for name in (MAP_AT_R, R_PRECISION)
        )
    )


def _mean_of_queries(hits: FloatArray, queries: IntArray, settings: EvaluationSettings) -> Estimate:
    """Mean over queries, from sums by class."""
    bootstrap = ClassBootstrap(len(queries), settings.n_resamples, settings.seed)
    value = float(hits.sum() / queries.sum())
    lo, hi = percentile_interval(bootstrap.share(hits, queries))
    if value in (0.0, 1.0):
        bound = rule_of_three(len(queries))
        lo, hi = (0.0, bound) if value == 0 else (1 - bound, 1.0)
    return Estimate(value, Interval(lo, hi))
