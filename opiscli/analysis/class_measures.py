"""Measures of the class scores over the calibration range: those that the headlines name.

Such a measure is a file of `opiscli.metrics` with a function ``measure``, and an entry of
`opiscli.results.headlines` that names the file. Nothing else needs to know it.
"""

from importlib import import_module
from typing import Protocol, cast

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.metrics.intervals.bootstrap import ClassBootstrap, percentile_interval, thinned
from opiscli.results import Estimate, Interval
from opiscli.results.headlines import HEADLINES


class ClassMeasure(Protocol):
    """A statistic of class scores in which each class counts as often as its weight says."""

    def __call__(
        self, scores: FloatArray, thresholds: FloatArray, weights: FloatArray
    ) -> FloatArray:
        """Shapes ``(n_classes, n_thresholds)``, ``(n_thresholds,)`` and ``(n, n_classes)``."""


def estimates(
    scores: FloatArray, thresholds: FloatArray, bootstrap: ClassBootstrap
) -> dict[str, Estimate]:
    """Value and interval of every measure, by the name of its headline."""
    once = np.ones((1, len(scores)))
    found = {}
    for name, resampled in resampled_measures(scores, thresholds, bootstrap).items():
        measure = _measures()[name]
        value = float(measure(scores, thresholds, once)[0])
        # Resamples are integrated over fewer thresholds, which moves all of them a little.
        moved = value - float(measure(*_thinned(scores, thresholds), once)[0])
        found[name] = Estimate(value, Interval(*percentile_interval(resampled + moved)))
    return found


def resampled_measures(
    scores: FloatArray, thresholds: FloatArray, bootstrap: ClassBootstrap
) -> dict[str, FloatArray]:
    """Every measure in all resamples, shape ``(n_resamples,)`` each."""
    measures = _measures()
    few = _thinned(scores, thresholds)
    blocks = [
        [measure(*few, draws) for measure in measures.values()] for draws in bootstrap.draws()
    ]
    return {
        name: np.concatenate(parts)
        for name, parts in zip(measures, zip(*blocks, strict=True), strict=True)
    }


def _thinned(scores: FloatArray, thresholds: FloatArray) -> tuple[FloatArray, FloatArray]:
    few = thinned(len(thresholds))
    return np.ascontiguousarray(scores[:, few]), thresholds[few]


def _measures() -> dict[str, ClassMeasure]:
    return {
        headline.name: cast(
            "ClassMeasure", import_module(f"opiscli.metrics.{headline.measure}").measure
        )
        for headline in HEADLINES
        if headline.measure is not None
    }
