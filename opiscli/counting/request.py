"""What is to be counted."""

from dataclasses import dataclass

from opiscli.distance import Distance
from opiscli.settings.evaluation import EvaluationSettings, RangeRequest


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
        and of the operating points.
    thresholds
        Thresholds that are needed to the digit.
    fars
        False-accept rates whose thresholds may be asked for later, if not all are.
    margin
        Whether the gap between the nearest candidate and the next class is needed of each search.
    """

    distance: Distance
    calibration_range: RangeRequest
    n_thresholds: int
    ks: tuple[int, ...]
    ranking: bool = False
    complete: bool = False
    thresholds: tuple[float, ...] = ()
    fars: tuple[float, ...] = ()
    margin: bool = False

    @property
    def keeps_bins(self) -> bool:
        """Whether thresholds are chosen later, from pairs in bins."""
        return self.complete or bool(self.fars)

    @property
    def given_range(self) -> tuple[float, float] | None:
        """The two thresholds of the calibration range, if it is given by thresholds."""
        return self.calibration_range.thresholds(self.distance)

    @classmethod
    def of(
        cls,
        settings: EvaluationSettings,
        *,
        complete: bool = False,
        thresholds: tuple[float, ...] = (),
        fars: tuple[float, ...] = (),
        margin: bool = False,
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
            fars,
            margin,
        )
