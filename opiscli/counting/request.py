"""What is to be counted."""

from dataclasses import dataclass

from opiscli.counts.histogram import DistanceHistogram
from opiscli.settings.evaluation import Distance, EvaluationSettings, RangeRequest
from opiscli.thresholds.at_rate import threshold_at_far

OPERATING_FARS = (1e-1, 1e-2, 1e-3)


@dataclass(frozen=True, slots=True)
class CountRequest:
    """What is to be counted.

    Parameters
    ----------
    distance
        What thresholds are measured in.
    calibration_range, n_thresholds
        Where utility is integrated, and at how many thresholds.
    ks
        Ranks at which recall is needed; may be empty.
    ranking
        Whether MAP@R and R-precision are needed.
    complete
        Whether any threshold may be asked for later, and not only those of the range
        and of `OPERATING_FARS`.
    thresholds
        Thresholds that are needed to the digit.
    """

    distance: Distance
    calibration_range: RangeRequest
    n_thresholds: int
    ks: tuple[int, ...]
    ranking: bool = False
    complete: bool = False
    thresholds: tuple[float, ...] = ()

    @classmethod
    def of(
        cls,
        settings: EvaluationSettings,
        *,
        complete: bool = False,
        thresholds: tuple[float, ...] = (),
    ) -> "CountRequest":
        """What an evaluation needs."""
        return cls(
            settings.distance,
            settings.calibration_range,
            settings.n_thresholds,
            settings.ks,
            settings.ranking,
            complete,
            thresholds,
        )


def points(histogram: DistanceHistogram) -> dict[float, float]:
    """Threshold of each attainable one of `OPERATING_FARS`."""
    found = {target: threshold_at_far(histogram, target) for target in OPERATING_FARS}
    return {target: point for target, point in found.items() if point is not None}
