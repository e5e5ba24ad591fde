"""Says where a threshold is lower because counts do not show the order of pairs."""

from collections.abc import Iterator

from opiscli.counts.counts import CountedSet
from opiscli.results import ReportWarning
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.at_precision import Doubt, doubts


def order_warnings(run: CountedSet, settings: CalibrationSettings) -> Iterator[ReportWarning]:
    """Warn where a threshold is lower because counts do not show the order of pairs."""
    for target, doubt in precision_doubts(run, settings):
        if len(doubt.bins):
            first = int(doubt.bins[0])
            lo, hi = doubt.bounds(first)
            positive, negative = doubt.counts.positive[first], doubt.counts.negative[first]
            yield ReportWarning(
                "unknown-order",
                f"{target.name}: the counts do not show in which order {positive:,} positive and"
                f" {negative:,} negative pairs lie between distances {lo:.6g} and {hi:.6g}, so the"
                " threshold is below them; it may be larger if the embeddings themselves are given",
            )


def precision_doubts(
    run: CountedSet, settings: CalibrationSettings
) -> Iterator[tuple[Target, Doubt]]:
    """Find what decides on each target for precision, but is not known from the counts."""
    for target in settings.targets:
        if target.criterion is Criterion.PRECISION and target.value and settings.prevalence:
            how = target.value, settings.prevalence, settings.distance
            yield target, doubts(run.counted, *how)
