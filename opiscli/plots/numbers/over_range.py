"""What each class has over the calibration range: its mean utility and its part of OPIS."""

from opiscli.arrays import FloatArray
from opiscli.counts.counts import CountedSet
from opiscli.metrics.opis import mean_over_range, opis_contributions
from opiscli.metrics.utility import utility
from opiscli.thresholds.at_rate import calibration_range


def mean_utilities(run: CountedSet) -> FloatArray:
    """Utility over the range of each class with two items or more, shape ``(n_classes,)``."""
    return mean_over_range(*_curves(run))


def parts_of_opis(run: CountedSet) -> FloatArray:
    """Share of each of the same classes in OPIS, shape ``(n_classes,)``."""
    return opis_contributions(*_curves(run))


def _curves(run: CountedSet) -> tuple[FloatArray, FloatArray]:
    counted, settings = run.counted, run.settings
    if counted.grid is None:
        # Raises, and says why.
        calibration_range(counted.pooled, settings.calibration_range)
        raise AssertionError("a range that can be formed has a grid")
    counts = counted.at(counted.grid)
    paired = counts.of_classes(counts.has_positives)
    return utility(paired, settings.utility, settings.beta), counts.thresholds
