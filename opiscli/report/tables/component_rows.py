"""The connected components of an inspection as rows of a table."""

from collections.abc import Iterator

from opiscli.report.tables.row import Row
from opiscli.results import ChainingPoint, Components

_NUMBERS = (
    "n_components",
    "n_alone",
    "n_over_merged",
    "over_merged_share",
    "n_split",
    "n_intact",
)


def component_rows(components: Components) -> Iterator[Row]:
    """Every number of the components; those that are listed are named by their examples."""
    joined, rise = components.joined, components.take_off
    for name in _NUMBERS:
        yield Row(metric=name, value=getattr(components, name))
    for name in ("far", "tar", "precision"):
        yield Row(metric=f"joined_{name}", value=getattr(joined, name), n=joined.n_pairs)
    for name in ("n_before", "n_after"):
        yield Row(metric=f"take_off_{name}", value=getattr(rise, name), threshold=rise.threshold)
    for point in components.by_threshold:
        yield from _point(point)
    yield from _listed(components)


def _point(point: ChainingPoint) -> Iterator[Row]:
    """Rows named as those of an operating point: ``far@take-off``."""
    for metric, value in (
        ("far", point.far),
        ("joined_far", point.joined_far),
        ("joined_tar", point.joined_tar),
        ("largest_n_items", point.n_items),
        ("largest_n_classes", point.n_classes),
    ):
        yield Row(metric=f"{metric}@{point.name}", value=value, threshold=point.threshold)


def _listed(components: Components) -> Iterator[Row]:
    for one in components.over_merged:
        names = " / ".join(f"{item.id} ({item.label})" for item in one.examples)
        yield Row(metric="over_merged", value=one.n_classes, n=one.n_items, label=names)
    for split in components.split:
        yield Row(
            metric="split_class", value=split.n_components, n=split.n_items, label=split.label
        )
