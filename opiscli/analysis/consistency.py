"""OPIS and ε-OPIS of class scores, with and without sampling noise."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from opiscli.arrays import BoolArray, FloatArray, IntArray
from opiscli.counts.pair_counts import SpreadCounts
from opiscli.metrics.intervals.bootstrap import ClassBootstrap, log_interval, thinned
from opiscli.metrics.noise_floor import FEWEST_ITEMS, noise_curve, noise_floor
from opiscli.metrics.opis import (
    LARGEST_EPSILON_OPIS,
    LARGEST_OPIS,
    corrected_epsilon_opis,
    epsilon_opis,
    mean_over_range,
    n_worst,
    opis,
    share_below_mean,
)
from opiscli.results import BelowMean, EpsilonOpis, Interval, Opis
from opiscli.settings.evaluation import EvaluationSettings, Utility


@dataclass(frozen=True)
class Consistency:
    """How much class scores differ at one threshold.

    Parameters
    ----------
    class_sizes
        Shape ``(n_classes,)``, of the classes with positive pairs.
    curves
        Shape ``(n_classes, n_thresholds)``, their scores.
    thresholds
        Shape ``(n_thresholds,)``, the grid.
    for_noise
        Counts of all classes with the spread of their items, if that is known.
    bootstrap
        Resamples of the classes.
    settings
        What was asked for.
    """

    class_sizes: IntArray
    curves: FloatArray
    thresholds: FloatArray
    for_noise: SpreadCounts | None
    bootstrap: ClassBootstrap
    settings: EvaluationSettings

    def opis(self) -> Opis:
        """OPIS, its noise floor and the share of classes below the mean."""
        curves, thresholds, noise, before = self.curves, self.thresholds, None, None
        if self._spread is not None:
            ends = float(thresholds[0]), float(thresholds[-1])
            noise = noise_floor(self._spread, self.settings.beta, ends)
            before = opis(curves[self._correctable], thresholds)
        value = opis(curves, thresholds)
        few = thinned(len(thresholds))
        resampled = self.bootstrap.opis(curves[:, few], thresholds[few])
        means = mean_over_range(curves, thresholds)
        return Opis(
            value=value,
            ci=Interval(*log_interval(value, resampled, len(curves), largest=LARGEST_OPIS)),
            noise=noise,
            corrected=None if noise is None or before is None else before - noise,
            n_classes=len(curves),
            n_uncorrectable=int(np.count_nonzero(~self._correctable)),
            corrected_from=before,
            spread=float(np.sqrt(value)),
            below_mean=BelowMean(
                int(np.count_nonzero(means < means.mean())), share_below_mean(curves, thresholds)
            ),
        )

    def epsilon_opis(self) -> EpsilonOpis:
        """ε-OPIS, with and without sampling noise."""
        curves, thresholds, epsilon = self.curves, self.thresholds, self.settings.epsilon
        value, ci, corrected, before = epsilon_opis(curves, thresholds, epsilon), None, None, None
        if value is not None:
            few = thinned(len(thresholds))
            resampled = self.bootstrap.epsilon_opis(curves[:, few], thresholds[few], epsilon)
            bounds = log_interval(value, resampled, len(curves), largest=LARGEST_EPSILON_OPIS)
            ci = Interval(*bounds)
        if self._spread is not None:
            some = curves[self._correctable]
            noise = noise_curve(self._spread, self.settings.beta, thresholds)
            before = epsilon_opis(some, thresholds, epsilon)
            corrected = corrected_epsilon_opis(some, thresholds, epsilon, noise)
        return EpsilonOpis(
            epsilon=epsilon,
            n_worst=n_worst(epsilon, len(curves)),
            value=value,
            ci=ci,
            gap=None if value is None else float(np.sqrt(value)),
            corrected=corrected,
            corrected_from=before,
        )

    @property
    def _correctable(self) -> BoolArray:
        """Which classes have a noise floor."""
        enough = self.class_sizes >= FEWEST_ITEMS
        return np.asarray(enough & (not self.settings.gallery))

    @cached_property
    def _spread(self) -> SpreadCounts | None:
        """Spread counts of those classes; ``None`` if no number can be corrected."""
        enough = np.count_nonzero(self._correctable) >= 2
        is_defined = self.settings.utility is Utility.TPR_TNR and enough
        if self.for_noise is None or not is_defined:
            return None
        chosen = (self.for_noise.class_sizes >= FEWEST_ITEMS) & self.for_noise.has_positives
        return self.for_noise.of_classes(chosen)
