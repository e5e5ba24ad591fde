"""A result as a plain list of numbers, one to a row, for tables that programs read."""

from collections.abc import Iterator
from functools import singledispatch

from opiscli.report.tables.calibration_rows import calibration_rows
from opiscli.report.tables.component_rows import component_rows
from opiscli.report.tables.row import Row, entry_rows, estimate_row, place, point_rows
from opiscli.report.tables.translation_rows import translation_rows
from opiscli.report.tables.unlabelled_rows import unlabelled_rows
from opiscli.results import (
    Calibration,
    CalibrationRange,
    Check,
    Comparison,
    Data,
    Deployed,
    EvaluatedGroup,
    Evaluation,
    Inspection,
    Pairs,
)
from opiscli.results.headlines import entries, group_entries
from opiscli.results.translation import Translation
from opiscli.results.unlabelled import UnlabelledCalibration

_SIZES = ("n_items", "n_classes", "n_singletons", "n_below_min", "n_duplicates")


@singledispatch
def rows(result: object) -> list[Row]:
    """Every number of a result; metric names are those that conditions use."""
    raise TypeError(f"no rows are known for {type(result).__name__}")


@rows.register
def _(result: Evaluation) -> list[Row]:
    return [
        *entry_rows(entries(result)),
        *_data(result.data, result.pairs),
        *_gallery(result.gallery),
        *_ends(result.calibration_range),
        *(row for point in result.operating_points for row in point_rows(point, place(point))),
        *_deployed(result.deployed),
        *_classes(result),
        *_groups(result),
    ]


@rows.register
def _(result: Calibration) -> list[Row]:
    data = result.evaluation_data or result.data
    return [*calibration_rows(result), *_data(data, result.pairs)]


@rows.register
def _(result: UnlabelledCalibration) -> list[Row]:
    return list(unlabelled_rows(result))


@rows.register
def _(result: Translation) -> list[Row]:
    return list(translation_rows(result))


@rows.register
def _(result: Check) -> list[Row]:
    return [
        Row(
            metric=condition.name,
            value=condition.value,
            label=f"{'failed' if condition.failed else 'ok'}: {condition.condition}",
        )
        for condition in result.conditions
    ]


@rows.register
def _(result: Inspection) -> list[Row]:
    found = [Row(metric="threshold", value=result.threshold, label=result.name)]
    for metric, classes in (("class_far", result.highest_far), ("class_tar", result.lowest_tar)):
        for rates in classes:
            value = rates.far if metric == "class_far" else rates.tar
            found.append(Row(metric=metric, value=value, n=rates.n_items, label=rates.label))
    for metric, pairs in (("negative_pair", result.negatives), ("positive_pair", result.positives)):
        for pair in pairs:
            name = " / ".join(f"{item.id} ({item.label})" for item in (pair.first, pair.second))
            found.append(Row(metric=metric, value=pair.distance, label=name))
    for suspect in result.suspected_labels:
        name = f"{suspect.item.id} ({suspect.item.label}), among {suspect.among}"
        found.append(Row(metric="suspected_label", value=suspect.distance, label=name))
    if result.components is not None:
        found += component_rows(result.components)
    return found


@rows.register
def _(result: Comparison) -> list[Row]:
    found = []
    for metric in result.metrics:
        for data, value in zip(result.data, metric.values, strict=True):
            name, change = data.name, value.change
            found.append((estimate_row(metric.name, value.value, value.ci), name))
            if change is not None:
                kind = "difference" if change.ratio is None else "ratio"
                amount = change.difference if change.ratio is None else change.ratio
                found.append((estimate_row(f"{kind}:{metric.name}", amount, change.ci), name))
    return [row.labelled(name) for row, name in found]


def _ends(of: CalibrationRange | None) -> Iterator[Row]:
    if of is not None:
        yield Row(metric="d_min", value=of.threshold.lo)
        yield Row(metric="d_max", value=of.threshold.hi)


def _gallery(data: Data | None) -> Iterator[Row]:
    if data is not None:
        for name in _SIZES:
            yield Row(metric=f"gallery_{name}", value=getattr(data, name))


def _data(data: Data, pairs: Pairs) -> Iterator[Row]:
    for name in _SIZES:
        yield Row(metric=name, value=getattr(data, name))
    if data.n_pairs is not None:
        yield Row(metric="n_pairs", value=data.n_pairs)
    yield Row(metric="n_positive", value=pairs.n_positive)
    yield Row(metric="n_negative", value=pairs.n_negative)


def _deployed(deployed: Deployed | None) -> Iterator[Row]:
    if deployed is None:
        return
    index = deployed.index
    yield Row(metric="deployed_bytes_per_item", value=deployed.bytes_per_item, label=index)
    yield Row(metric="deployed_recall@1", value=deployed.recall_at_1.deployed, label=index)
    yield Row(metric="deployed_opis", value=deployed.opis.deployed, label=index)
    for point in deployed.operating_points:
        for name, rate in (("far", point.far), ("tar", point.tar)):
            yield Row(
                metric=f"deployed_{name}@far={point.target_far:g}",
                value=rate.deployed,
                threshold=point.threshold,
                label=index,
            )


def _classes(evaluation: Evaluation) -> Iterator[Row]:
    for worst in evaluation.worst_classes:
        yield Row(
            metric="class_utility", value=worst.mean_utility, n=worst.n_items, label=worst.label
        )


def _groups(evaluation: Evaluation) -> Iterator[Row]:
    between = evaluation.between_groups
    if between is None:
        return
    yield Row(metric="opis_between_groups", value=between.opis, label=between.column)
    for group in evaluation.groups or ():
        yield Row(metric="n_items", value=group.n_items).of_group(group.group)
        yield from (row.of_group(group.group) for row in _group(evaluation, group))


def _group(evaluation: Evaluation, group: EvaluatedGroup) -> Iterator[Row]:
    yield from entry_rows(group_entries(evaluation, group))
    for point in group.operating_points:
        at = place(point)
        kept = (f"far{at}", f"frr{at}")
        yield from (row for row in point_rows(point, at) if row.metric in kept)
