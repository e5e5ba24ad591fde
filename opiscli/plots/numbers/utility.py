"""The utility of every class over the threshold: the curves that OPIS measures the spread of."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counts.counts import CountedSet
from opiscli.metrics.opis import mean_over_range, n_worst, opis_contributions
from opiscli.metrics.rates import pooled_far
from opiscli.metrics.utility import utility
from opiscli.plots.numbers.thresholds import overview
from opiscli.results import Bounds, Evaluation
from opiscli.thresholds.at_rate import calibration_range


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilityCurves:
    """One curve per class with two items or more.

    Parameters
    ----------
    source
        What was evaluated.
    distance
        What thresholds are measured in.
    names
        Label of each class.
    thresholds
        Shape ``(n_thresholds,)``, increasing.
    utility
        Shape ``(n_classes, n_thresholds)``, in [0, 1].
    mean
        Shape ``(n_thresholds,)``, over classes.
    worst_mean, worst_edge, lowest
        Same shape: of the worst ``n_worst`` classes, chosen anew at each threshold, the
        mean, the best and the worst utility.
    far
        Same shape, pooled false-accept rate.
    mean_utility
        Shape ``(n_classes,)``, over the calibration range.
    range
        The calibration range.
    opis, eps_opis, epsilon, n_worst
        Of the evaluation.
    """

    source: str
    distance: str
    names: tuple[str, ...]
    thresholds: FloatArray
    utility: FloatArray
    mean: FloatArray
    worst_mean: FloatArray
    worst_edge: FloatArray
    lowest: FloatArray
    far: FloatArray
    mean_utility: FloatArray
    range: Bounds
    opis: float
    eps_opis: float | None
    epsilon: float
    n_worst: int

    def worst_first(self) -> list[str]:
        """All labels, that of the class with the lowest mean utility first."""
        return [self.names[i] for i in np.argsort(self.mean_utility, kind="stable")]


def utility_curves(
    name: str, run: CountedSet, evaluation: Evaluation, n_thresholds: int = 300
) -> UtilityCurves:
    """Take the curves from complete counts, over all thresholds at which something happens."""
    counted, settings = run.counted, run.settings
    counts = overview(counted, evaluation.calibration_range.threshold, n_thresholds)
    paired = counts.has_positives
    curves = utility(counts.of_classes(paired), settings.utility, settings.beta)
    worst = n_worst(evaluation.eps_opis.epsilon, len(curves))
    ascending = np.sort(curves, axis=0)[:worst]
    return UtilityCurves(
        source=name,
        distance=evaluation.distance,
        names=tuple(name for name, keep in zip(counted.names, paired, strict=True) if keep),
        thresholds=counts.thresholds,
        utility=curves,
        mean=curves.mean(axis=0),
        worst_mean=ascending.mean(axis=0),
        worst_edge=ascending[-1],
        lowest=ascending[0],
        far=pooled_far(counts),
        mean_utility=mean_utilities(run),
        range=evaluation.calibration_range.threshold,
        opis=evaluation.opis.value,
        eps_opis=evaluation.eps_opis.value,
        epsilon=evaluation.eps_opis.epsilon,
        n_worst=worst,
    )


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
        calibration_range(counted.pooled, settings.calibration_range, settings.distance)
        raise AssertionError("a range that can be formed has a grid")
    counts = counted.at(counted.grid)
    paired = counts.of_classes(counts.has_positives)
    return utility(paired, settings.utility, settings.beta), counts.thresholds
