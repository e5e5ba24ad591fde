"""Resamples of every headline number, with the same draws of classes for every evaluation."""

from dataclasses import dataclass

import numpy as np

from opiscli.analysis.class_measures import resampled_measures
from opiscli.arrays import FloatArray
from opiscli.counts.counts import CountedSet
from opiscli.metrics.intervals.bootstrap import ClassBootstrap, thinned
from opiscli.metrics.opis import n_worst
from opiscli.metrics.utility import class_scores
from opiscli.settings.numbers import plain
from opiscli.thresholds.at_rate import operating_thresholds


@dataclass(frozen=True, slots=True)
class Resamples:
    """Resampled headline numbers of one evaluation.

    Parameters
    ----------
    n_classes
        That were drawn from.
    of
        Shape ``(n_resamples,)`` each, by the name of the number.
    """

    n_classes: int
    of: dict[str, FloatArray]


def resamples(run: CountedSet) -> Resamples:
    """Resample every number that is a mean over items, over pairs, or a spread of class scores."""
    counted, settings = run.counted, run.settings
    has_pairs = counted.table.has_positives
    n_classes = int(np.count_nonzero(has_pairs))
    bootstrap = ClassBootstrap(n_classes, settings.n_resamples, settings.seed)
    found = _of_class_scores(run, bootstrap)
    queries = counted.queries[has_pairs]
    for name, sums in counted.retrieval.items():
        found[name] = bootstrap.share(sums[has_pairs], queries)
    for far, threshold in operating_thresholds(counted.pooled).items():
        counts = counted.at(np.array([threshold])).of_classes(has_pairs)
        accepted = counts.positive[:, 0].astype(np.float64)
        found[f"tar@far={plain(far)}"] = bootstrap.share(accepted, counts.positive_pairs)
    return Resamples(n_classes, found)


def _of_class_scores(run: CountedSet, bootstrap: ClassBootstrap) -> dict[str, FloatArray]:
    counted, settings = run.counted, run.settings
    if counted.grid is None:
        return {}
    grid = counted.grid
    curves = class_scores(counted.table, grid, settings.utility, settings.beta)
    found = resampled_measures(curves, grid, bootstrap)
    few = thinned(len(grid))
    curves, thresholds = curves[:, few], grid[few]
    found["opis"] = bootstrap.opis(curves, thresholds)
    if n_worst(settings.epsilon, len(curves)) < len(curves):
        found["eps_opis"] = bootstrap.epsilon_opis(curves, thresholds, settings.epsilon)
    return found
