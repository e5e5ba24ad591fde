"""Adds to a calibration the probability that a pair is of one class, and how well it holds."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import compress

import numpy as np

from opiscli.analysis.counting import Gallery
from opiscli.analysis.given_thresholds import shown_similarity
from opiscli.analysis.holdout import class_names, count_classes
from opiscli.analysis.inputs import Work
from opiscli.arrays import FloatArray
from opiscli.counts.counts import CountedSet
from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError
from opiscli.metrics.calibration_error import (
    WeightedPairs,
    brier_score,
    expected_calibration_error,
)
from opiscli.results import (
    CalibratedPoint,
    Calibration,
    CalibrationError,
    PairProbability,
    ProbabilityAt,
    ProbabilityBand,
    ReportWarning,
    Spread,
)
from opiscli.settings.calibration import N_DIVISIONS, CalibrationSettings
from opiscli.thresholds.probability import ProbabilitySteps, fit_probability

_CROSSED = (0.99, 0.9, 0.5, 0.1, 0.01)
_BANDS = (0.0, 0.1, 0.5, 0.9, 0.99, 1.0)
_HELD_OUT = "held-out classes"
_N_EXAMPLES, _LEAST_SHOWN = 6, 0.01
_LIKELY, _FAR_OFF = 0.5, 0.05


def with_probability(
    calibration: Calibration,
    run: CountedSet,
    items: object,
    evaluated: CountedSet | None,
    settings: CalibrationSettings,
    work: Work,
    gallery: Gallery | None = None,
) -> Calibration:
    """Fit the probability and measure its error, if that was asked for.

    The error is that on another source if there is one. Otherwise the classes are divided at random
    into two halves, again and again: a probability fitted to the pairs of one half is compared with
    the pairs of the other.

    Parameters
    ----------
    calibration, run
        The result, and the counts it is of.
    items
        What was counted, duplicates included; only embeddings can be divided.
    evaluated
        Counts of the other source.
    gallery
        What the items are compared with, if not one another.
    """
    prevalence = settings.prevalence
    if not settings.probability or prevalence is None:
        return calibration
    steps, error = fit_probability(run.counted.pooled, prevalence), None
    if evaluated is not None:
        measured = [_Measured(steps, evaluated.counted.pooled, prevalence)]
        error = _error(measured, prevalence, evaluated.data.name)
    elif isinstance(items, EmbeddingSet):
        error = _error(list(_held_out(items, gallery, settings, work)), prevalence, _HELD_OUT)
    return replace(
        calibration,
        probability=_result(steps, error, settings),
        operating_points=tuple(
            _at(point, steps, settings.distance) for point in calibration.operating_points
        ),
        warnings=(*calibration.warnings, *_warnings(error)),
    )


class _Measured:
    """A probability compared with pairs of other classes."""

    def __init__(
        self, steps: ProbabilitySteps, pairs: DistanceHistogram, prevalence: float
    ) -> None:
        stated = steps.at(pairs.ticks)
        weighted = WeightedPairs.at_prevalence(pairs.positive, pairs.negative, stated, prevalence)
        self.ece = expected_calibration_error(weighted)
        self.brier = brier_score(weighted)
        edges = np.array(_BANDS[1:-1])
        self._band, n_bands = np.searchsorted(edges, stated, side="right"), len(edges) + 1
        self.n_positive, self.n_negative, self.right, self.wrong, self.stated = (
            np.bincount(self._band, weights=values, minlength=n_bands)
            for values in (
                pairs.positive,
                pairs.negative,
                weighted.positive,
                weighted.negative,
                (weighted.positive + weighted.negative) * stated,
            )
        )


def _held_out(
    items: EmbeddingSet, gallery: Gallery | None, settings: CalibrationSettings, work: Work
) -> Iterator[_Measured]:
    """Both halves of each random division of the classes, each measured with the other's fit."""
    rng = np.random.default_rng(settings.seed)
    items = items.without_repeats() if settings.drop_duplicates else items
    prevalence = settings.prevalence or 0.0
    names = class_names(items, gallery)
    for _ in range(N_DIVISIONS):
        is_first = rng.permutation(len(names)) < len(names) // 2
        try:
            halves = [
                count_classes(items, gallery, of_half, settings, work.resources, work.on_progress)
                for of_half in (set(compress(names, mask)) for mask in (is_first, ~is_first))
            ]
        except EmbeddingError:  # no pairs left in one of the halves
            continue
        pairs = [half.counted.pooled for half in halves]
        for fitted, other in (pairs, pairs[::-1]):
            yield _Measured(fit_probability(fitted, prevalence), other, prevalence)


def _error(
    measured: Sequence[_Measured], prevalence: float, measured_on: str
) -> CalibrationError | None:
    if not measured:
        return None
    return CalibrationError(
        measured_on=measured_on,
        n_measurements=len(measured),
        n_positive=int(sum(one.n_positive.sum() for one in measured)),
        n_negative=int(sum(one.n_negative.sum() for one in measured)),
        ece=_spread(np.array([one.ece for one in measured])),
        brier=_spread(np.array([one.brier for one in measured])),
        brier_of_prevalence=prevalence * (1 - prevalence),
        bands=tuple(_band(i, measured) for i in range(len(_BANDS) - 1)),
    )


def _band(i: int, measured: Sequence[_Measured]) -> ProbabilityBand:
    right, wrong, stated = (
        np.array([getattr(one, name)[i] for one in measured])
        for name in ("right", "wrong", "stated")
    )
    weight = right + wrong
    has_pairs = weight > 0
    observed = None
    if has_pairs.any():
        shares = _spread(right[has_pairs] / weight[has_pairs])
        observed = replace(shares, mean=float(right.sum() / weight.sum()))
    return ProbabilityBand(
        lo=_BANDS[i],
        hi=_BANDS[i + 1],
        share=float(weight.mean()),
        stated=float(stated.sum() / weight.sum()) if has_pairs.any() else None,
        observed=observed,
        n_positive=int(sum(one.n_positive[i] for one in measured)),
        n_negative=int(sum(one.n_negative[i] for one in measured)),
    )


def _spread(values: FloatArray) -> Spread:
    return Spread(float(values.mean()), float(values.min()), float(values.max()))


def _result(
    steps: ProbabilitySteps, error: CalibrationError | None, settings: CalibrationSettings
) -> PairProbability:
    return PairProbability(
        prevalence=settings.prevalence or 0.0,
        distances=tuple(map(settings.distance.shown, steps.distances.tolist())),
        probabilities=tuple(steps.probabilities.tolist()),
        largest_change=steps.largest_change,
        crossings=tuple(
            _pair_at(steps.last_with(value), value, settings.distance) for value in _CROSSED
        ),
        examples=tuple(_examples(steps, settings)),
        error=error,
    )


def _examples(steps: ProbabilitySteps, settings: CalibrationSettings) -> Iterator[ProbabilityAt]:
    least = min(_LEAST_SHOWN, settings.prevalence or 0.0)
    last = steps.last_with(least)
    ends = steps.distances[0], steps.distances[0] if last is None else last
    for at in np.linspace(*ends, _N_EXAMPLES):
        yield _pair_at(float(at), float(steps.at(at)), settings.distance)


def _pair_at(at: float | None, probability: float, measured: Distance) -> ProbabilityAt:
    if at is None:
        return ProbabilityAt(probability=probability, distance=None, similarity=None)
    shown, similarity = measured.shown(at), shown_similarity(at, measured)
    return ProbabilityAt(probability=probability, distance=shown, similarity=similarity)


def _at(point: CalibratedPoint, steps: ProbabilitySteps, measured: Distance) -> CalibratedPoint:
    if point.threshold is None:
        return point
    return replace(point, probability=float(steps.at(np.array(measured.counted(point.threshold)))))


def _warnings(error: CalibrationError | None) -> Iterator[ReportWarning]:
    if error is None:
        yield ReportWarning(
            "probability-not-tested",
            "the error of the probability on other classes is not known: counts cannot be divided"
            " by class, and neither can too few classes; give the embeddings as SOURCE, or other"
            " classes with --eval",
        )
        return
    for band in error.bands:
        if band.lo < _LIKELY or band.stated is None or band.observed is None:
            continue
        if abs(band.stated - band.observed.mean) > _FAR_OFF:
            yield ReportWarning(
                "probability-off",
                f"where a probability of {band.lo:g} to {band.hi:g} is stated, {band.stated:.3g} on"
                f" average, the share of positive pairs is {band.observed.mean:.3g} on"
                f" {error.measured_on} ({band.observed.lo:.3g} to {band.observed.hi:.3g}): too few"
                " pairs or classes are that near",
            )
