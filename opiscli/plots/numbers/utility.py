"""The score of every class against the threshold: OPIS is the variance of these curves."""

from dataclasses import dataclass, replace

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.errors import UndefinedMetric
from opiscli.metrics.opis import mean_over_range, n_worst, opis_contributions
from opiscli.metrics.rates import pooled_far
from opiscli.metrics.utility import class_scores, utility
from opiscli.plots.numbers.thresholds import overview
from opiscli.results import Bounds, Evaluation, UtilityKind
from opiscli.thresholds.at_rate import calibration_range

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Of the class scores at one threshold, for the bands that stand in for thousands of lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UtilityCurves:
    """One curve per class with two items or more.

    Parameters
    ----------
    source
        What was evaluated.
    distance
        What thresholds are measured in.
    score
        What a class score (utility) is.
    names, positive_pairs
        Label of each class, and its number of positive pairs.
    thresholds
        Shape ``(n_thresholds,)``, increasing.
    utility
        Shape ``(n_classes, n_thresholds)``, in [0, 1].
    mean
        Shape ``(n_thresholds,)``, over classes.
    worst_mean, worst_edge, lowest
        Same shape: of the worst ``n_worst`` classes, chosen anew at each threshold, the
        mean, the best and the worst utility.
    quantiles
        Shape ``(len(QUANTILES), n_thresholds)``, over classes.
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
    score: UtilityKind
    names: tuple[str, ...]
    positive_pairs: IntArray
    thresholds: FloatArray
    utility: FloatArray
    mean: FloatArray
    worst_mean: FloatArray
    worst_edge: FloatArray
    lowest: FloatArray
    quantiles: FloatArray
    far: FloatArray
    mean_utility: FloatArray
    range: Bounds
    opis: float
    eps_opis: float | None
    epsilon: float
    n_worst: int

    def worst_first(self) -> list[str]:
        """All labels, the lowest mean score first; of equal ones, that of the most pairs."""
        order = np.lexsort((-self.positive_pairs, self.mean_utility))
        return [self.names[i] for i in order]


def score_in_words(score: UtilityKind) -> str:
    """Definition of the class score in words.

    Examples
    --------
    >>> score_in_words(UtilityKind("tpr-tnr", 1.0))
    'harmonic mean of TAR and 1 − FAR of one class'
    """
    rates = "precision and recall" if score.kind == "precision-recall" else "TAR and 1 − FAR"
    if score.beta == 1:
        return f"harmonic mean of {rates} of one class"
    return f"F-measure (β = {score.beta:g}) of {rates} of one class"


def utility_curves(
    name: str, run: CountedSet, evaluation: Evaluation, n_thresholds: int = 300
) -> UtilityCurves:
    """Take the curves from complete counts, over all thresholds at which something happens."""
    counted, settings = run.counted, run.settings
    grid, opis = counted.grid, evaluation.opis
    if grid is None or opis is None:
        raise UndefinedMetric(
            f"{name} has no class scores to draw: there are no classes with both kinds of pairs, or"
            " no calibration range",
            hint="opis evaluate says which; plot-det and plot-distances need no classes.",
        )
    ends = Bounds(float(grid[0]), float(grid[-1]))
    counts = overview(counted, ends, n_thresholds)
    paired = counts.has_positives
    shown = counts.of_classes(paired)
    curves = utility(shown, settings.utility, settings.beta)
    worst = n_worst(evaluation.eps_opis.epsilon, len(curves))
    ascending = np.sort(curves, axis=0)
    found = UtilityCurves(
        source=name,
        distance=evaluation.distance,
        score=evaluation.utility,
        names=tuple(name for name, keep in zip(counted.names, paired, strict=True) if keep),
        positive_pairs=shown.positive_pairs,
        thresholds=counts.thresholds,
        utility=curves,
        mean=curves.mean(axis=0),
        worst_mean=ascending[:worst].mean(axis=0),
        worst_edge=ascending[worst - 1],
        lowest=ascending[0],
        quantiles=quantiles_of(ascending),
        far=pooled_far(counts),
        mean_utility=mean_utilities(run),
        range=ends,
        opis=opis.value,
        eps_opis=evaluation.eps_opis.value,
        epsilon=evaluation.eps_opis.epsilon,
        n_worst=worst,
    )
    return found if settings.distance is not Distance.GIVEN_SIMILARITY else _by_score(found)


def _by_score(of: UtilityCurves) -> UtilityCurves:
    """The same curves over similarities that were given, instead of their negatives."""
    along = ("utility", "mean", "worst_mean", "worst_edge", "lowest", "quantiles", "far")
    flipped = {name: getattr(of, name)[..., ::-1] for name in along}
    ends = Bounds(0.0 - of.range.hi, 0.0 - of.range.lo)
    return replace(of, thresholds=0.0 - of.thresholds[::-1], range=ends, **flipped)


def quantiles_of(ascending: FloatArray) -> FloatArray:
    """Quantiles of sorted columns, interpolated between the two nearest of them."""
    at = np.array(QUANTILES) * (len(ascending) - 1)
    below = at.astype(np.int64)
    above = np.minimum(below + 1, len(ascending) - 1)
    part = (at - below)[:, None]
    return np.asarray((1 - part) * ascending[below] + part * ascending[above])


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
    scores = class_scores(counted.table, counted.grid, settings.utility, settings.beta)
    return scores, counted.grid
