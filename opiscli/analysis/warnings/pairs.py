"""What a reader must know of a source of pairs: independence, classes, the calibration range."""

from collections.abc import Iterator

import numpy as np

from opiscli.counts.counts import CountedSet
from opiscli.errors import UndefinedMetric
from opiscli.results import ReportWarning
from opiscli.settings.listed_pairs import PairUnit
from opiscli.thresholds.at_rate import calibration_range


def pair_warnings(run: CountedSet) -> Iterator[ReportWarning]:
    """Collect the warnings about listed pairs, whatever is asked of them."""
    yield from run.doubts
    if run.settings.unit is PairUnit.PAIR:
        yield ReportWarning(
            "pairs-independent",
            "confidence intervals treat pairs as independent, and are too narrow if pairs share"
            " items: name the identities of both items (--a-column, --b-column), or clusters of"
            " pairs (--cluster-column)",
        )


def class_score_warnings(run: CountedSet) -> Iterator[ReportWarning]:
    """Say why class scores are not measured, or not of all classes."""
    if run.settings.unit is None:
        return
    table, grid = run.counted.table, run.counted.grid
    n_measured = int(np.count_nonzero(table.has_positives))
    if not table.has_classes:
        yield ReportWarning(
            "no-classes",
            "OPIS is undefined: it compares classes, and these pairs have none; name the identities"
            " of both items (--a-column, --b-column), or a --class-column",
        )
    elif not n_measured:
        yield ReportWarning(
            "no-classes",
            "OPIS is undefined: no class has both same-class and different-class pairs",
        )
    elif grid is None:
        yield ReportWarning("no-range", f"OPIS is undefined: {_why_no_range(run)}")
    elif n_measured < len(table.class_sizes):
        n_left_out = len(table.class_sizes) - n_measured
        yield ReportWarning(
            "classes-with-one-kind",
            f"{n_left_out:,} of {len(table.class_sizes):,} classes have only same-class or only"
            " different-class pairs, and are not measured by themselves",
        )


def _why_no_range(run: CountedSet) -> str:
    settings = run.settings
    try:
        calibration_range(run.counted.pooled, settings.calibration_range, settings.distance)
    except UndefinedMetric as cause:
        return cause.problem
    return "the calibration range cannot be formed"
