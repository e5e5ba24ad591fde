"""A calibration as rows."""

from collections.abc import Iterator
from dataclasses import replace

from opiscli.report.tables.row import Row, estimate_row, point_rows, rate_row, search_row
from opiscli.results import CalibratedPoint, Calibration, Interval, PairProbability


def calibration_rows(calibration: Calibration) -> Iterator[Row]:
    """Every threshold with what it does, inside groups too, and what own thresholds gain."""
    points = calibration.operating_points
    for point in points:
        yield from point_rows(point, f"@{point.name}")
    for point in points:
        yield from _calibrated(point)
    for point in points:
        yield from _groups(point)
    yield from _own_thresholds(calibration)
    yield from _probability(calibration.probability)


def _calibrated(point: CalibratedPoint) -> Iterator[Row]:
    at, threshold = f"@{point.name}", point.threshold
    yield Row(metric=f"similarity{at}", value=point.similarity, threshold=threshold)
    for one in point.engines:
        yield Row(
            metric=f"{one.engine}{at}", value=one.value, label=one.comparison, threshold=threshold
        )
    yield Row(metric=f"macro_frr{at}", value=point.macro_frr, threshold=threshold)
    if point.probability is not None:
        yield Row(metric=f"probability{at}", value=point.probability, threshold=threshold)
    if point.far_bound is not None:
        bound = point.far_bound.value
        yield Row(metric=f"far_bound{at}", value=bound, threshold=threshold)
    for name, rate in (("far", point.calibrated_far), ("frr", point.calibrated_frr)):
        if rate is not None:
            yield rate_row(f"calibrated_{name}{at}", rate, point)
    yield from _searches(point, at)
    if point.holdout is not None:
        held = point.holdout
        yield Row(
            metric=f"holdout_ratio{at}",
            value=held.median,
            ci_lo=held.lo,
            ci_hi=held.hi,
            k=held.n_above,
            n=held.n_attained,
            threshold=threshold,
        )


def _searches(point: CalibratedPoint, at: str) -> Iterator[Row]:
    """The margin of searches, what is attained without it, and on the calibration set."""
    threshold = point.threshold
    if (found := point.identification) is not None and found.margin is not None:
        yield Row(metric=f"margin{at}", value=found.margin, threshold=threshold)
        if (alone := found.threshold_alone) is not None:
            yield Row(metric=f"threshold_alone{at}", value=alone.threshold)
            yield search_row(f"fpir_alone{at}", alone.fpir, alone.threshold)
            yield search_row(f"fnir_alone{at}", alone.fnir, alone.threshold)
    if (before := point.calibrated_identification) is not None:
        yield search_row(f"calibrated_fpir{at}", before.fpir, threshold)
        yield search_row(f"calibrated_fnir{at}", before.fnir, threshold)


def _own_thresholds(calibration: Calibration) -> Iterator[Row]:
    own = calibration.own_thresholds
    if own is not None:
        for name in ("utility_at_single", "utility_at_own", "optimism"):
            yield Row(metric=f"own_thresholds_{name}", value=getattr(own, name), n=own.n_classes)
        gain = estimate_row("own_thresholds_gain", own.gain, own.ci, n=own.n_classes)
        yield replace(gain, label=own.verdict)


def _probability(found: PairProbability | None) -> Iterator[Row]:
    if found is None:
        return
    for one in found.crossings:
        yield Row(metric=f"threshold@probability={one.probability:g}", value=one.distance)
    if found.error is not None:
        n = found.error.n_measurements
        for name, measured in (("ece", found.error.ece), ("brier", found.error.brier)):
            interval = Interval(measured.lo, measured.hi)
            yield estimate_row(f"probability_{name}", measured.mean, interval, n=n)


def _groups(point: CalibratedPoint) -> Iterator[Row]:
    groups, at = point.groups, f"@{point.name}"
    if groups is None:
        return
    for name, unequal in (("far", groups.far), ("frr", groups.frr)):
        if unequal is not None:
            ratio = unequal.max_over_geometric_mean
            yield Row(metric=f"{name}_max_over_geomean{at}", value=ratio, label=groups.column)
            yield Row(metric=f"{name}_gini{at}", value=unequal.gini, label=groups.column)
    yield Row(metric=f"garbe{at}", value=groups.garbe, label=groups.column)
    for group in groups.groups:
        yield rate_row(f"far{at}", group.far, point).of_group(group.group)
        yield rate_row(f"frr{at}", group.frr, point).of_group(group.group)
