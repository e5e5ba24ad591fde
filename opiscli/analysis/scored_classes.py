"""What is measured from the scores of classes over the calibration range."""

from dataclasses import dataclass, field

import numpy as np

from opiscli.analysis.class_measures import estimates
from opiscli.analysis.consistency import Consistency
from opiscli.analysis.operating_points import known_size
from opiscli.arrays import FloatArray
from opiscli.counts.counts import Counts
from opiscli.metrics.intervals.bootstrap import ClassBootstrap
from opiscli.metrics.opis import mean_over_range, opis_contributions
from opiscli.metrics.utility import class_scores
from opiscli.results import EpsilonOpis, Estimate, Opis, WorstClass
from opiscli.settings.evaluation import EvaluationSettings

_WORST_CLASSES_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Fields of an `Evaluation`; nothing where there are no class scores."""

    opis: Opis | None = None
    eps_opis: EpsilonOpis | None = None
    mean_utility: float | None = None
    measures: dict[str, Estimate] = field(default_factory=dict)
    worst_classes: tuple[WorstClass, ...] = ()


def scored_classes(counted: Counts, grid: FloatArray, settings: EvaluationSettings) -> Scored:
    """Measure the scores of classes that have both kinds of pairs.

    Parameters
    ----------
    grid
        Thresholds of the calibration range.
    """
    table = counted.table
    has_pairs = table.has_positives
    if not table.has_classes or not has_pairs.any():
        return Scored()
    curves = class_scores(table, grid, settings.utility, settings.beta)
    bootstrap = ClassBootstrap(len(curves), settings.n_resamples, settings.seed)
    measures = estimates(curves, grid, bootstrap)
    consistency = Consistency(
        table.class_sizes[has_pairs], curves, grid, counted.for_noise, bootstrap, settings
    )
    return Scored(
        opis=consistency.opis(),
        eps_opis=consistency.epsilon_opis(),
        mean_utility=measures["mean_utility"].value,
        measures=measures,
        worst_classes=_worst_classes(counted, curves, grid),
    )


def undefined_epsilon_opis(epsilon: float) -> EpsilonOpis:
    """ε-OPIS where there are no class scores."""
    return EpsilonOpis(
        epsilon=epsilon,
        n_worst=0,
        value=None,
        ci=None,
        gap=None,
        corrected=None,
        corrected_from=None,
    )


def _worst_classes(counted: Counts, curves: FloatArray, grid: FloatArray) -> tuple[WorstClass, ...]:
    paired = np.flatnonzero(counted.table.has_positives)
    mean_utility = mean_over_range(curves, grid)
    contribution = opis_contributions(curves, grid)
    n_positive = counted.table.positive_pairs[paired]
    lowest = np.lexsort((-n_positive, mean_utility))[:_WORST_CLASSES_SHOWN]
    return tuple(
        WorstClass(
            counted.names[paired[i]],
            known_size(counted.table.class_sizes[paired[i]]),
            float(mean_utility[i]),
            float(contribution[i]),
            int(np.count_nonzero(mean_utility == mean_utility[i])),
        )
        for i in lowest
    )
