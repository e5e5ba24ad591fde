"""What a reader must know before trusting a threshold and its rates."""

from collections.abc import Iterator

from opiscli.analysis.warnings.data import FEWEST_ERRORS, conflict_warnings, few_errors
from opiscli.distance import Distance
from opiscli.metrics.intervals.effective_classes import FEWEST_EFFECTIVE
from opiscli.results import CalibratedPoint, Calibration, ReportWarning
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.ties import is_settled

_HIGH_FAR = 0.5


def calibration_warnings(of: Calibration, n_conflicts: int) -> tuple[ReportWarning, ...]:
    """Collect the warnings of a calibration.

    Parameters
    ----------
    n_conflicts
        Items whose embedding also occurs in another class.
    """
    return (
        *conflict_warnings(of.data, n_conflicts),
        *(warning for point in of.operating_points for warning in _moved(point, of)),
        *(warning for point in of.operating_points for warning in _about_calibrated(point)),
    )


def _moved(point: CalibratedPoint, of: Calibration) -> Iterator[ReportWarning]:
    """A given threshold that an evaluation file has no counts at."""
    distance = Distance(of.distance)
    given = Target(Criterion(point.criterion), point.target, of.score).threshold(distance)
    if given is None or point.threshold is None:
        return
    used = distance.counted(point.threshold)
    dims = of.data.dims
    if used != given and (dims is None or not is_settled(used, given, distance, dims)):
        is_distance = point.criterion == Criterion.THRESHOLD
        shown = point.threshold if is_distance else point.similarity
        is_larger = is_distance and distance is not Distance.GIVEN_SIMILARITY
        yield ReportWarning(
            "threshold-moved",
            f"pairs were not counted at {point.target:.6g}; the rates are those at the next"
            f" {'larger threshold' if is_larger else 'lower similarity'}, {shown:.6g}",
        )


def _about_calibrated(point: CalibratedPoint) -> Iterator[ReportWarning]:
    if point.far is None or point.threshold is None or point.criterion == Criterion.FPIR:
        return  # of searches, see search_warnings
    expected = (point.target_far or 0.0) * point.far.n
    if point.criterion == "far" and expected < FEWEST_ERRORS:
        yield few_errors(f"FAR {point.target_far:g}", expected)
    if point.is_carried_by_few and point.average == "pooled":
        yield ReportWarning(
            "few-large-classes",
            f"{point.name}: a few large classes contribute most pairs and dominate the pooled"
            " rates; use --average macro to weight classes equally",
        )
    over = "" if point.n_effective_classes is None else " over classes"
    if point.far.k == 0:
        yield ReportWarning(
            "no-errors",
            f"{point.name}: no false accepts in {point.far.n:,} negative pairs; the true FAR may be"
            f" as high as {point.far.ci.hi:.3g} (rule of three{over})",
        )
    elif (
        point.n_effective_classes is not None
        and point.n_effective_classes < FEWEST_EFFECTIVE
        and point.far.value < _HIGH_FAR
    ):
        macro = " or use --average macro" if point.average == "pooled" else ""
        yield ReportWarning(
            "few-effective-classes",
            f"{point.name}: most false accepts come from a few classes (effective number of"
            f" classes: {point.n_effective_classes:.1f}), so the interval is unreliable; collect"
            f" more classes{macro}",
        )
