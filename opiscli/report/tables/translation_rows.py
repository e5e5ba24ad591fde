"""A translation as rows."""

from collections.abc import Iterator

from opiscli.report.tables.row import Row, estimate_row
from opiscli.report.tables.unlabelled_rows import item_rows
from opiscli.results import Rate
from opiscli.results.translation import ModelPoint, Translation


def translation_rows(of: Translation) -> Iterator[Row]:
    """Both thresholds with what they accept, what changes, and the sizes of the sets."""
    yield from _point("old", of.old_point)
    yield from _point("new", of.new_point)
    yield estimate_row("new_threshold_ci", of.new_point.threshold, of.threshold_ci)
    yield estimate_row("new_similarity_ci", of.new_point.similarity, of.similarity_ci)
    for name, change in (("far_change", of.far_change), ("tar_change", of.tar_change)):
        if change is not None:
            yield estimate_row(name, change.value, change.ci)
    for name in ("n_common", "n_only_old", "n_only_new"):
        yield Row(metric=name, value=getattr(of, name))
    yield from item_rows(of.old, "old_")
    yield from item_rows(of.new, "new_")


def _point(name: str, point: ModelPoint) -> Iterator[Row]:
    yield Row(metric=f"{name}_threshold", value=point.threshold)
    yield Row(metric=f"{name}_similarity", value=point.similarity, threshold=point.threshold)
    rates = (("accepted", point.accepted), ("far", point.far), ("tar", point.tar))
    for metric, rate in rates:
        if rate is not None:
            yield _rate(f"{name}_{metric}", rate, point.threshold)


def _rate(metric: str, rate: Rate, threshold: float) -> Row:
    lo, hi = rate.ci
    return Row(
        metric=metric, value=rate.value, ci_lo=lo, ci_hi=hi, k=rate.k, n=rate.n, threshold=threshold
    )
