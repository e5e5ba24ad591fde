"""The recipe for groups of items: count the pairs inside each, compare them at one threshold."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from opiscli.analysis.counting import count_items
from opiscli.analysis.evaluate import derive
from opiscli.analysis.identification import with_identification
from opiscli.analysis.operating_points import operating_point, with_precision
from opiscli.analysis.warnings.groups import evaluated_group_warnings, group_rate_warnings
from opiscli.arrays import FloatArray
from opiscli.counts.counts import CountedSet
from opiscli.counts.pair_counts import PairCounts
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError, UsageError
from opiscli.metrics.group_differences import garbe, gini, max_over_geometric_mean
from opiscli.metrics.opis import mean_over_range, opis
from opiscli.metrics.utility import utility
from opiscli.progress import Progress
from opiscli.results import (
    BetweenGroups,
    CalibratedPoint,
    Calibration,
    Differential,
    EvaluatedGroup,
    Evaluation,
    GroupedRates,
    GroupRates,
    OperatingPoint,
    Rate,
)
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.evaluation import (
    EvaluationSettings,
    RangeBy,
    RangeRequest,
    refused_with_gallery,
)
from opiscli.settings.resources import Resources
from opiscli.settings.version import __version__


@dataclass(frozen=True, slots=True)
class Group:
    """The items of one group, and what was counted of the pairs inside it.

    ``run`` is ``None`` where there is no positive or no negative pair.
    """

    name: str
    n_items: int
    n_classes: int
    run: CountedSet | None


def refuse_groups(group_by: str | None, sample_pairs: int | None, *, is_across: bool) -> None:
    """Raise `UsageError` where groups are asked for, but not all pairs inside one set are counted.

    Parameters
    ----------
    is_across
        Whether pairs are across two sets.
    """
    if group_by is None:
        return
    if is_across:
        raise refused_with_gallery("--group-by")
    if sample_pairs is not None:
        raise UsageError(
            "--group-by needs counts of all pairs, but --sample-pairs counts only some",
            hint="Leave one of the two out.",
        )


def evaluate_groups(
    evaluation: Evaluation,
    run: CountedSet,
    items: EmbeddingSet,
    column: str,
    resources: Resources,
    *,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Add to an evaluation the metrics inside each group, and OPIS between groups.

    Parameters
    ----------
    evaluation, run
        Of the whole set.
    items
        What they are of, duplicates included, with the column.
    column
        Which tells the group of each item.
    """
    grid = run.counted.grid
    if grid is None:
        raise AssertionError("an evaluation has a grid")
    asked = replace(
        run.settings,
        calibration_range=RangeRequest(
            RangeBy.DISTANCE, float(grid[0]), float(grid[-1]), run.settings.score
        ),
    )
    at = [point.threshold for point in evaluation.operating_points if point.threshold is not None]
    groups, pooled = [], []
    for group in _count(items, column, asked, (*grid.tolist(), *at), resources, on_progress):
        one = _as_one_class(group.run, grid)
        curve = None if one is None else utility(one, asked.utility, asked.beta)
        if curve is not None:
            pooled.append(curve[0])
        groups.append(_evaluated(group, grid, curve, evaluation))
    between = BetweenGroups(
        column=column,
        n_groups=len(groups),
        opis=opis(np.stack(pooled), grid) if len(pooled) > 1 else None,
    )
    return replace(
        evaluation,
        signature=run.settings.signature(__version__, group_by=column),
        groups=tuple(groups),
        between_groups=between,
        warnings=(*evaluation.warnings, *evaluated_group_warnings(groups)),
    )


def rate_groups(
    calibration: Calibration,
    items: EmbeddingSet,
    column: str,
    settings: CalibrationSettings,
    resources: Resources,
    *,
    on_progress: Progress | None = None,
) -> Calibration:
    """Add to each threshold the rates inside every group, and the disparity between groups.

    Parameters
    ----------
    calibration
        With thresholds that have been chosen.
    items
        What its rates are of, duplicates included, with the column.
    """
    asked = EvaluationSettings(
        distance=settings.distance,
        ks=(),
        drop_duplicates=settings.drop_duplicates,
        min_items=settings.min_items,
    )
    points = calibration.operating_points
    at = tuple(point.threshold for point in points if point.threshold is not None)
    rates: list[list[GroupRates]] = [[] for _ in points]
    for group in _count(items, column, asked, at, resources, on_progress, complete=True):
        for of_point, point in zip(rates, points, strict=True):
            of_point.append(_rated(group, point))
    grouped = [_compared(column, of_point) for of_point in rates]
    found = [
        notice
        for one, point in zip(grouped, points, strict=True)
        for notice in group_rate_warnings(one, point.name)
    ]
    return replace(
        calibration,
        signature=settings.signature(__version__, group_by=column),
        operating_points=tuple(
            replace(point, groups=one) for one, point in zip(grouped, points, strict=True)
        ),
        warnings=(*calibration.warnings, *dict.fromkeys(found)),
    )


def _count(
    items: EmbeddingSet,
    column: str,
    settings: EvaluationSettings,
    thresholds: tuple[float, ...],
    resources: Resources,
    on_progress: Progress | None,
    *,
    complete: bool = False,
) -> Iterator[Group]:
    """Count the pairs inside one group after the other, in the order of their names.

    Complete counts need no calibration range, which a group may not have.
    """
    items = items.without_repeats() if settings.drop_duplicates else items
    groups = items.columns[column]
    for code in np.unique(groups.codes).tolist():
        members = np.flatnonzero(groups.codes == code)
        name, n_classes = groups.names[code], len(np.unique(items.codes[members]))
        try:
            run = count_items(
                items.subset(members),
                settings,
                resources,
                complete=complete,
                thresholds=thresholds,
                on_progress=on_progress,
            )
        except EmbeddingError:  # no positive or no negative pair
            run = None
        yield Group(name, len(members), n_classes, run)


def _as_one_class(run: CountedSet | None, grid: FloatArray) -> PairCounts | None:
    """Counts of a group as if it were a class: its positive pairs against its negative ones."""
    if run is None:
        return None
    return run.counted.at(grid).merged()


def _evaluated(
    group: Group, grid: FloatArray, curve: FloatArray | None, evaluation: Evaluation
) -> EvaluatedGroup:
    found = EvaluatedGroup(group=group.name, n_items=group.n_items, n_classes=group.n_classes)
    run = group.run
    if run is None or curve is None:
        return found
    inside = derive(replace(run, counted=replace(run.counted, grid=grid)), any_direction=True)
    return replace(
        found,
        opis=inside.opis,
        eps_opis=inside.eps_opis,
        recall=inside.recall,
        mean_utility=inside.mean_utility,
        measures=inside.measures,
        pooled_utility=float(mean_over_range(curve[0], grid)),
        operating_points=tuple(_point(run, point) for point in evaluation.operating_points),
    )


def _point(run: CountedSet, of_all: OperatingPoint) -> OperatingPoint:
    """Rates inside a group at a threshold of the whole set."""
    if of_all.threshold is None:
        return OperatingPoint(target_far=of_all.target_far)
    counts = run.counted.at(np.array([of_all.threshold]))
    how = run.counted.names, run.settings.distance, run.settings.epsilon
    point = operating_point(counts, of_all.target_far, *how)
    point = with_precision(point, run.settings.prevalence)
    return with_identification(point, run.counted)


def _rated(group: Group, point: CalibratedPoint) -> GroupRates:
    found = GroupRates(group=group.name, n_items=group.n_items, n_classes=group.n_classes)
    if group.run is None:
        return found
    inside = _point(group.run, point)
    return replace(found, far=inside.far, frr=inside.frr, tar=inside.tar)


def _compared(column: str, groups: list[GroupRates]) -> GroupedRates:
    far = [one.far for one in groups if one.far is not None]
    frr = [one.frr for one in groups if one.frr is not None]
    several = min(len(far), len(frr)) > 1
    values = [np.array([rate.value for rate in rates]) for rates in (far, frr)]
    return GroupedRates(
        column=column,
        groups=tuple(groups),
        far=_differential(far) if several else None,
        frr=_differential(frr) if several else None,
        garbe=garbe(values[0], values[1]) if several else None,
    )


def _differential(rates: list[Rate]) -> Differential:
    errors, trials = np.array([r.k for r in rates]), np.array([r.n for r in rates])
    return Differential(
        max_over_geometric_mean=max_over_geometric_mean(errors, trials),
        gini=gini(errors / trials),
    )
