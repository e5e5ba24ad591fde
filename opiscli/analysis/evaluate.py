"""Every number of an evaluation, from counts alone: no embedding is seen here."""

from dataclasses import replace

import numpy as np

from opiscli.analysis.ann_index import derive_deployed, index_warnings
from opiscli.analysis.class_measures import estimates
from opiscli.analysis.consistency import Consistency
from opiscli.analysis.identification import with_identification
from opiscli.analysis.operating_points import operating_point, with_precision
from opiscli.analysis.warnings.evaluate import evaluation_warnings
from opiscli.analysis.warnings.gallery import gallery_warnings
from opiscli.analysis.warnings.identification import search_warnings
from opiscli.analysis.warnings.index import index_rate_warnings
from opiscli.analysis.warnings.scores import score_warnings
from opiscli.analysis.warnings.separation import source_warnings
from opiscli.arrays import BoolArray, FloatArray, IntArray
from opiscli.counts.counts import CountedSet, Counts
from opiscli.metrics.intervals.bootstrap import ClassBootstrap, percentile_interval
from opiscli.metrics.intervals.rate import rule_of_three
from opiscli.metrics.map_at_r import MAP_AT_R, R_PRECISION
from opiscli.metrics.opis import mean_over_range, opis_contributions
from opiscli.metrics.rates import pooled_far, pooled_frr
from opiscli.metrics.recall import recall_name
from opiscli.metrics.utility import class_scores
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
    WorstClass,
)
from opiscli.settings.evaluation import EvaluationSettings, RangeBy, RangeRequest
from opiscli.settings.version import __version__
from opiscli.thresholds.at_rate import (
    OPERATING_FARS,
    calibration_range,
    operating_thresholds,
    require_direction,
)

_WORST_CLASSES_SHOWN = 5


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
        require_direction(counted.pooled)
    table, grid = counted.table, _grid(counted, settings)
    has_pairs = table.has_positives
    curves = class_scores(table, grid, settings.utility, settings.beta)
    bootstrap = ClassBootstrap(len(curves), settings.n_resamples, settings.seed)
    measures = estimates(curves, grid, bootstrap)
    consistency = Consistency(
        table.class_sizes[has_pairs], curves, grid, counted.for_noise, bootstrap, settings
    )
    evaluation = Evaluation(
        opis_version=__version__,
        signature=settings.signature(__version__),
        data=run.data,
        gallery=None if run.gallery is None else run.gallery.data,
        distance=settings.distance.value,
        utility=UtilityKind(settings.utility.value, settings.beta),
        pairs=Pairs(
            counted.mode,
            table.n_positive,
            table.n_negative,
        ),
        calibration_range=_calibration_range(counted, grid, settings.calibration_range),
        opis=consistency.opis(),
        eps_opis=consistency.epsilon_opis(),
        recall={
            str(k): _recall(counted, recall_name(k), has_pairs, bootstrap) for k in settings.ks
        },
        mean_utility=measures["mean_utility"].value,
        measures=measures,
        operating_points=_operating_points(run, thresholds),
        worst_classes=_worst_classes(counted, curves, grid),
        warnings=(),
        ranking=_ranking(counted, bootstrap) if settings.ranking else None,
    )
    return _with_warnings(evaluation, run)


def _with_warnings(evaluation: Evaluation, run: CountedSet) -> Evaluation:
    """Add what a reader must know, and the numbers through an index."""
    table, about_source = run.counted.table, source_warnings(run)
    warnings = (
        *about_source,
        *score_warnings(evaluation, table.class_sizes[table.has_positives], about_source),
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


def _grid(counted: Counts, settings: EvaluationSettings) -> FloatArray:
    if counted.grid is None:
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
    counted: Counts, grid: FloatArray, request: RangeRequest
) -> CalibrationRange:
    ends = counted.at(grid[[0, -1]])
    far = Bounds(*pooled_far(ends).tolist())
    frr = Bounds(*sorted(pooled_frr(ends).tolist()))
    return CalibrationRange(
        by=request.by.value,
        far=Bounds(request.lo, request.hi) if request.by is RangeBy.FAR else far,
        attained_far=far,
        attained_frr=frr,
        threshold=Bounds(*ends.thresholds.tolist()),
        n_thresholds=len(grid),
    )


def _recall(counted: Counts, name: str, has_pairs: BoolArray, bootstrap: ClassBootstrap) -> Recall:
    queries = counted.queries[has_pairs]
    estimate = _mean_of_queries(counted.retrieval[name][has_pairs], queries, bootstrap)
    return Recall(estimate.value, estimate.ci, int(queries.sum()))


def _ranking(counted: Counts, bootstrap: ClassBootstrap) -> Ranking:
    has_pairs = counted.table.has_positives
    queries = counted.queries[has_pairs]
    return Ranking(
        *(
            _mean_of_queries(counted.retrieval[name][has_pairs], queries, bootstrap)
            for name in (MAP_AT_R, R_PRECISION)
        )
    )


def _mean_of_queries(hits: FloatArray, queries: IntArray, bootstrap: ClassBootstrap) -> Estimate:
    """Mean over queries, from sums by class."""
    value = float(hits.sum() / queries.sum())
    lo, hi = percentile_interval(bootstrap.share(hits, queries))
    if value in (0.0, 1.0):
        bound = rule_of_three(len(queries))
        lo, hi = (0.0, bound) if value == 0 else (1 - bound, 1.0)
    return Estimate(value, Interval(lo, hi))


def _worst_classes(counted: Counts, curves: FloatArray, grid: FloatArray) -> tuple[WorstClass, ...]:
    paired = np.flatnonzero(counted.table.has_positives)
    mean_utility = mean_over_range(curves, grid)
    contribution = opis_contributions(curves, grid)
    n_positive = counted.table.positive_pairs[paired]
    lowest = np.lexsort((-n_positive, mean_utility))[:_WORST_CLASSES_SHOWN]
    return tuple(
        WorstClass(
            counted.names[paired[i]],
            int(counted.table.class_sizes[paired[i]]),
            float(mean_utility[i]),
            float(contribution[i]),
            int(np.count_nonzero(mean_utility == mean_utility[i])),
        )
        for i in lowest
    )
