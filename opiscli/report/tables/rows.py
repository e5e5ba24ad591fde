"""An evaluation as a plain list of numbers, one to a row, for tables that programs read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import singledispatch

from opiscli.results import (
    CalibratedPoint,
    Calibration,
    Check,
    Comparison,
    Data,
    Deployed,
    Evaluation,
    Inspection,
    Interval,
    OperatingPoint,
    Pairs,
    Rate,
)

COLUMNS = ("metric", "value", "ci_lo", "ci_hi", "k", "n", "threshold", "label")

_SIZES = ("n_items", "n_classes", "n_singletons", "n_duplicates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number with what belongs to it; cells that do not apply are ``None``."""

    metric: str
    value: float | int | None
    ci_lo: float | None = None
    ci_hi: float | None = None
    k: int | None = None
    n: int | None = None
    threshold: float | None = None
    label: str | None = None

    def cells(self) -> tuple[object, ...]:
        """Values in the order of `COLUMNS`."""
        return tuple(getattr(self, name) for name in COLUMNS)


@singledispatch
def rows(of: object) -> list[Row]:
    """Every number of a result; metric names are those that conditions use."""
    raise TypeError(f"no rows are known for {type(of).__name__}")


@rows.register
def _(of: Evaluation) -> list[Row]:
    ends = of.calibration_range.threshold
    return [
        *_headline(of),
        *_data(of.data, of.pairs),
        *_gallery(of.gallery),
        Row(metric="d_min", value=ends.lo),
        Row(metric="d_max", value=ends.hi),
        *_points(of.operating_points, [_where(p) for p in of.operating_points]),
        *_deployed(of.deployed),
        *_classes(of),
        *_groups(of),
    ]


@rows.register
def _(of: Calibration) -> list[Row]:
    points = of.operating_points
    return [
        *_points(points, [f"@{point.name}" for point in points]),
        *(row for point in points for row in _calibrated(point)),
        *(row for point in points for row in _group_rates(point)),
        *_own_thresholds(of),
        *_data(of.evaluation_data or of.data, of.pairs),
    ]


@rows.register
def _(of: Check) -> list[Row]:
    return [
        Row(
            metric=one.name,
            value=one.value,
            label=f"{'failed' if one.failed else 'ok'}: {one.condition}",
        )
        for one in of.conditions
    ]


@rows.register
def _(of: Inspection) -> list[Row]:
    found = [Row(metric="threshold", value=of.threshold, label=of.name)]
    for metric, classes in (("class_far", of.highest_far), ("class_tar", of.lowest_tar)):
        for one in classes:
            value = one.far if metric == "class_far" else 1 - one.frr
            found.append(Row(metric=metric, value=value, n=one.n_items, label=one.label))
    for metric, pairs in (("negative_pair", of.negatives), ("positive_pair", of.positives)):
        for pair in pairs:
            name = " / ".join(f"{item.id} ({item.label})" for item in (pair.first, pair.second))
            found.append(Row(metric=metric, value=pair.distance, label=name))
    for one_item in of.suspected_labels:
        item = one_item.item
        name = f"{item.id} ({item.label}), among {one_item.among}"
        found.append(Row(metric="suspected_label", value=one_item.distance, label=name))
    return found


@rows.register
def _(of: Comparison) -> list[Row]:
    found = []
    for metric in of.metrics:
        for data, one in zip(of.data, metric.values, strict=True):
            name = " ".join([data.source, *data.where])
            lo, hi = one.ci if one.ci is not None else (None, None)
            found.append(Row(metric=metric.name, value=one.value, ci_lo=lo, ci_hi=hi, label=name))
            if one.change is not None:
                what = "difference" if one.change.ratio is None else "ratio"
                value = one.change.difference if one.change.ratio is None else one.change.ratio
                lo, hi = one.change.ci if one.change.ci is not None else (None, None)
                found.append(
                    Row(metric=f"{what}:{metric.name}", value=value, ci_lo=lo, ci_hi=hi, label=name)
                )
    return found


def _headline(of: Evaluation) -> Iterator[Row]:
    for k, recall in of.recall.items():
        yield _estimate(f"recall@{k}", recall.value, recall.ci, n=recall.n_queries)
    if of.ranking is not None:
        for name in ("map_at_r", "r_precision"):
            estimate = getattr(of.ranking, name)
            yield Row(metric=name, value=estimate.value, ci_lo=estimate.ci.lo, ci_hi=estimate.ci.hi)
    yield _estimate("opis", of.opis.value, of.opis.ci, n=of.opis.n_classes)
    yield Row(metric="opis_noise", value=of.opis.noise)
    yield Row(metric="opis_corrected", value=of.opis.corrected)
    yield _estimate("eps_opis", of.eps_opis.value, of.eps_opis.ci, n=of.opis.n_classes)
    yield Row(metric="mean_utility", value=of.mean_utility, n=of.opis.n_classes)


def _gallery(data: Data | None) -> Iterator[Row]:
    if data is not None:
        for name in _SIZES:
            yield Row(metric=f"gallery_{name}", value=getattr(data, name))


def _data(data: Data, pairs: Pairs) -> Iterator[Row]:
    for name in _SIZES:
        yield Row(metric=name, value=getattr(data, name))
    yield Row(metric="n_positive", value=pairs.n_positive)
    yield Row(metric="n_negative", value=pairs.n_negative)


def _where(point: OperatingPoint) -> str:
    if point.target_far is None:
        return f"@threshold={point.threshold:.6g}"
    return f"@far={point.target_far:g}"


def _points(points: Sequence[OperatingPoint], names: Sequence[str]) -> Iterator[Row]:
    for point, at in zip(points, names, strict=True):
        yield Row(metric=f"threshold{at}", value=point.threshold)
        yield _rate(f"far{at}", point.far, point)
        yield _rate(f"frr{at}", point.frr, point)
        yield Row(metric=f"tar{at}", value=point.tar, threshold=point.threshold)
        yield Row(metric=f"macro_far{at}", value=point.macro_far, threshold=point.threshold)
        for name, worst in (("worst_far", point.worst_far), ("worst_frr", point.worst_frr)):
            yield Row(
                metric=f"{name}{at}",
                value=None if worst is None else worst.value,
                threshold=point.threshold,
                label=None if worst is None else worst.label,
            )


def _calibrated(point: CalibratedPoint) -> Iterator[Row]:
    at, threshold = f"@{point.name}", point.threshold
    yield Row(metric=f"similarity{at}", value=point.similarity, threshold=threshold)
    yield Row(metric=f"macro_frr{at}", value=point.macro_frr, threshold=threshold)
    yield Row(
        metric=f"share_above_limit{at}",
        value=point.share_above_limit,
        k=point.n_above_limit,
        threshold=threshold,
    )
    for name, rate in (("far", point.calibrated_far), ("frr", point.calibrated_frr)):
        if rate is not None:
            yield _rate(f"calibrated_{name}{at}", rate, point)
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


def _deployed(deployed: Deployed | None) -> Iterator[Row]:
    if deployed is None:
        return
    yield Row(metric="deployed_bytes_per_item", value=deployed.bytes_per_item, label=deployed.index)
    yield Row(metric="deployed_recall@1", value=deployed.recall_at_1.deployed, label=deployed.index)
    yield Row(metric="deployed_opis", value=deployed.opis.deployed, label=deployed.index)
    for point in deployed.operating_points:
        for name, rate in (("far", point.far), ("tar", point.tar)):
            yield Row(
                metric=f"deployed_{name}@far={point.target_far:g}",
                value=rate.deployed,
                threshold=point.threshold,
                label=deployed.index,
            )


def _classes(of: Evaluation) -> Iterator[Row]:
    for worst in of.worst_classes:
        yield Row(
            metric="class_utility", value=worst.mean_utility, n=worst.n_items, label=worst.label
        )


def _own_thresholds(of: Calibration) -> Iterator[Row]:
    own = of.own_thresholds
    if own is not None:
        for name in ("utility_at_single", "utility_at_own", "optimism"):
            yield Row(metric=f"own_thresholds_{name}", value=getattr(own, name), n=own.n_classes)
        gain = _estimate("own_thresholds_gain", own.gain, own.ci, n=own.n_classes)
        yield replace(gain, label=own.verdict)


def _groups(of: Evaluation) -> Iterator[Row]:
    if of.between_groups is None:
        return
    column = of.between_groups.column
    yield Row(metric="opis_between_groups", value=of.between_groups.opis, label=column)
    for group in of.groups or ():
        name = group.group
        yield Row(metric="group_n_items", value=group.n_items, label=name)
        if group.opis is None or group.eps_opis is None:
            continue
        for k, recall in (group.recall or {}).items():
            found = _estimate(f"group_recall@{k}", recall.value, recall.ci, n=recall.n_queries)
            yield replace(found, label=name)
        n = group.opis.n_classes
        yield replace(_estimate("group_opis", group.opis.value, group.opis.ci, n=n), label=name)
        yield Row(metric="group_opis_corrected", value=group.opis.corrected, label=name)
        eps = group.eps_opis
        yield replace(_estimate("group_eps_opis", eps.value, eps.ci, n=n), label=name)
        yield Row(metric="group_mean_utility", value=group.mean_utility, n=n, label=name)
        for point in group.operating_points:
            at = _where(point)
            yield replace(_rate(f"group_far{at}", point.far, point), label=name)
            yield replace(_rate(f"group_frr{at}", point.frr, point), label=name)


def _group_rates(point: CalibratedPoint) -> Iterator[Row]:
    of, at = point.groups, f"@{point.name}"
    if of is None:
        return
    for rate_name, unequal in (("far", of.far), ("frr", of.frr)):
        if unequal is not None:
            ratio = unequal.max_over_geometric_mean
            yield Row(metric=f"{rate_name}_max_over_geomean{at}", value=ratio, label=of.column)
            yield Row(metric=f"{rate_name}_gini{at}", value=unequal.gini, label=of.column)
    yield Row(metric=f"garbe{at}", value=of.garbe, label=of.column)
    for group in of.groups:
        yield replace(_rate(f"group_far{at}", group.far, point), label=group.group)
        yield replace(_rate(f"group_frr{at}", group.frr, point), label=group.group)


def _estimate(metric: str, value: float | None, ci: Interval | None, *, n: int) -> Row:
    lo, hi = ci if ci is not None else (None, None)
    return Row(metric=metric, value=value, ci_lo=lo, ci_hi=hi, n=n)


def _rate(metric: str, rate: Rate | None, point: OperatingPoint) -> Row:
    if rate is None:
        return Row(metric=metric, value=None)
    return Row(
        metric=metric,
        value=rate.value,
        ci_lo=rate.ci.lo,
        ci_hi=rate.ci.hi,
        k=rate.k,
        n=rate.n,
        threshold=point.threshold,
    )
