"""Whether per-class thresholds would help."""

from dataclasses import dataclass

from opiscli.results.quantities import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnThresholdGain:
    """How much the mean class score would gain from a threshold for each class.

    Parameters
    ----------
    n_classes
        Classes with two or more items.
    single_threshold, utility_at_single
        The best single threshold, and the mean class score there.
    utility_at_own
        Mean over classes of the highest score of each. Too high, because the thresholds are
        chosen and judged on the same pairs.
    optimism
        How much too high.
    gain, ci
        Expected gain for new items of the same classes. ``ci`` is over classes, and ``None``
        for a single class.
    worth_it
        Whether the interval lies above 0.01.
    verdict
        The same in a sentence.
    """

    n_classes: int
    single_threshold: float
    utility_at_single: float
    utility_at_own: float
    optimism: float
    gain: float
    ci: Interval | None
    worth_it: bool
    verdict: str
