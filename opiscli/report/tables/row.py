"""One number as a row of a table that programs read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from opiscli.results import Interval, OperatingPoint, Rate, SearchRate
from opiscli.results.headline import Entry
from opiscli.results.headlines import point_entries

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

    def labelled(self, label: str | None) -> "Row":
        """The same number with a label."""
        return replace(self, label=label)

    def of_group(self, group: str) -> "Row":
        """The same number of one group of items."""
        return replace(self, metric=f"group_{self.metric}", label=group)


def entry_rows(entries: Iterable[Entry], threshold: float | None = None) -> Iterator[Row]:
    """Headline numbers as rows."""
    for entry in entries:
        number = entry.number
        row = estimate_row(entry.name, number.value, number.ci, n=number.n)
        yield replace(row, k=number.k, threshold=threshold, label=number.label)


def point_rows(point: OperatingPoint, at: str) -> Iterator[Row]:
    """A threshold and all numbers there; ``at`` ends their names."""
    yield Row(metric=f"threshold{at}", value=point.threshold)
    yield from entry_rows(point_entries(point, at), point.threshold)


def estimate_row(
    metric: str, value: float | None, ci: Interval | None, *, n: int | None = None
) -> Row:
    """A value with its interval."""
    lo, hi = ci if ci is not None else (None, None)
    return Row(metric=metric, value=value, ci_lo=lo, ci_hi=hi, n=n)


def rate_row(metric: str, rate: Rate | None, point: OperatingPoint) -> Row:
    """A share of pairs at a threshold."""
    if rate is None:
        return Row(metric=metric, value=None)
    row = estimate_row(metric, rate.value, rate.ci, n=rate.n)
    return replace(row, k=rate.k, threshold=point.threshold)


def search_row(metric: str, rate: SearchRate, threshold: float | None) -> Row:
    """A share of searches at a threshold."""
    row = estimate_row(metric, rate.value, rate.ci, n=rate.n)
    return replace(row, k=rate.whole_k, threshold=threshold)


def place(point: OperatingPoint) -> str:
    """What the names of the numbers at an operating point of an evaluation end in."""
    if point.target_far is None:
        return f"@threshold={point.threshold:.6g}"
    return f"@far={point.target_far:g}"
