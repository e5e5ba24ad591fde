"""An evaluation as a plain list of numbers, one to a row, for tables that programs read."""

from collections.abc import Iterator
from dataclasses import dataclass

from opiscli.results import Evaluation, Interval, OperatingPoint, Rate

COLUMNS = ("metric", "value", "ci_lo", "ci_hi", "k", "n", "threshold", "label")


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


def rows(of: Evaluation) -> list[Row]:
    """Every number of an evaluation; metric names are those that conditions use."""
    return [*_headline(of), *_data(of), *_points(of), *_classes(of)]


def _headline(of: Evaluation) -> Iterator[Row]:
    for k, recall in of.recall.items():
        yield _estimate(f"recall@{k}", recall.value, recall.ci, n=recall.n_queries)
    yield _estimate("opis", of.opis.value, of.opis.ci, n=of.opis.n_classes)
    yield Row(metric="opis_noise", value=of.opis.noise)
    yield Row(metric="opis_corrected", value=of.opis.corrected)
    yield _estimate("eps_opis", of.eps_opis.value, of.eps_opis.ci, n=of.opis.n_classes)
    yield Row(metric="mean_utility", value=of.mean_utility, n=of.opis.n_classes)


def _data(of: Evaluation) -> Iterator[Row]:
    for name in ("n_items", "n_classes", "n_singletons", "n_duplicates"):
        yield Row(metric=name, value=getattr(of.data, name))
    yield Row(metric="n_positive", value=of.pairs.n_positive)
    yield Row(metric="n_negative", value=of.pairs.n_negative)
    yield Row(metric="d_min", value=of.calibration_range.threshold.lo)
    yield Row(metric="d_max", value=of.calibration_range.threshold.hi)


def _points(of: Evaluation) -> Iterator[Row]:
    for point in of.operating_points:
        at = f"@far={point.target_far:g}"
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


def _classes(of: Evaluation) -> Iterator[Row]:
    for worst in of.worst_classes:
        yield Row(
            metric="class_utility", value=worst.mean_utility, n=worst.n_items, label=worst.label
        )


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
