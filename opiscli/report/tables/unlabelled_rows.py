"""A calibration without labels as rows."""

from collections.abc import Iterator

from opiscli.report.tables.row import Row, rate_row
from opiscli.results.unlabelled import ItemData, UnlabelledCalibration, UnlabelledPoint


def unlabelled_rows(calibration: UnlabelledCalibration) -> Iterator[Row]:
    """Every threshold with the pairs it accepts, and the sizes of the sets."""
    for point in calibration.operating_points:
        yield from _point(point)
    yield from item_rows(calibration.data)
    if calibration.impostors is not None:
        yield from item_rows(calibration.impostors, "impostors_")
    yield Row(metric="max_positive_share", value=calibration.max_positive_share)
    yield Row(metric="n_pairs", value=calibration.pairs.n)


def _point(point: UnlabelledPoint) -> Iterator[Row]:
    at, threshold = f"@{point.name}", point.threshold
    yield Row(metric=f"threshold{at}", value=threshold)
    yield Row(metric=f"similarity{at}", value=point.similarity, threshold=threshold)
    label = "upper bound" if point.far_is_upper_bound else None
    yield rate_row(f"far{at}", point.far, point).labelled(label)
    yield rate_row(f"accepted{at}", point.accepted, point)
    if point.far_bound is not None:
        yield Row(metric=f"far_bound{at}", value=point.far_bound.value, threshold=threshold)
    for one in point.engines:
        yield Row(
            metric=f"{one.engine}{at}", value=one.value, label=one.comparison, threshold=threshold
        )


def item_rows(data: ItemData, prefix: str = "") -> Iterator[Row]:
    """The size of a set."""
    for name in ("n_items", "n_classes", "n_duplicates"):
        yield Row(metric=f"{prefix}{name}", value=getattr(data, name))
