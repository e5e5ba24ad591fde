"""Whether a threshold for each class would be worth having."""

from dataclasses import dataclass

from opiscli.results.quantities import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnThresholdGain:
    """What the mean utility would gain if each class had a threshold of its own.

    Parameters
    ----------
    n_classes
        With two items or more.
    single_threshold, utility_at_single
        The best single threshold, and the mean utility there.
    utility_at_own
        Mean of the largest utility of each class, too high because chosen and judged on the
        same pairs.
    optimism
        By how much.
    gain, ci
        What is left for new items of the same classes; ``ci`` over classes, ``None`` for one.
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
