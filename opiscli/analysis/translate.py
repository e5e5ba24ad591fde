"""The threshold of a new model that accepts the same share of pairs as that of the old one.

The same items are compared under both models. Whatever classes they are of, the pairs of the items
are the same, so where both models accept the same share of them, the number of decisions does not
change. Whether the right pairs are accepted depends on the models: with labels, FAR and TAR of both
are reported.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from opiscli.analysis.given_thresholds import similarity_at
from opiscli.analysis.inputs import Input, Work
from opiscli.analysis.matched_items import MatchedItems
from opiscli.analysis.operating_points import operating_point
from opiscli.analysis.unlabelled_items import OptionalLabels, require_two_sources
from opiscli.analysis.unlabelled_points import accepted_rate
from opiscli.analysis.warnings.translate import translation_warnings
from opiscli.arrays import IntArray
from opiscli.counting.unlabelled import (
    AllPairs,
    Counting,
    count_by_class,
    count_by_unit,
    count_together,
    histogram_at,
)
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import PairCounts
from opiscli.distance import Distance
from opiscli.embeddings.cosine import to_similarity
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import possible_distances, require_score
from opiscli.errors import UndefinedMetric
from opiscli.metrics.intervals.matched_shares import rate_change_interval, share_bounds
from opiscli.results import Interval
from opiscli.results.calibration import PLAIN_SCORE
from opiscli.results.translation import ModelPoint, RateChange, Translation
from opiscli.settings.target import Criterion, Target
from opiscli.settings.translation import TranslationSettings, require_one_threshold
from opiscli.settings.version import __version__
from opiscli.thresholds import threshold_file as files
from opiscli.thresholds import ties
from opiscli.thresholds.at_rate import threshold_at_far


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """What one model does with the common items at its threshold.

    Parameters
    ----------
    of_classes
        Accepted pairs of every class; ``None`` without labels or without both kinds of pairs.
    point
        The threshold and its rates.
    """

    of_classes: PairCounts | None
    point: ModelPoint


def translate(
    old: Input,
    new: Input,
    work: Work,
    *,
    target: Target | None,
    threshold_file: Path | None = None,
    distance: Distance = Distance.EUCLIDEAN,
    by_row: bool = False,
) -> Translation:
    """Which threshold of the new model accepts the same share of pairs of the same items?

    Parameters
    ----------
    target
        The threshold of the old model, where no file of it is given.
    by_row
        Whether items are matched by their rows and not by ids.

    Raises
    ------
    EmbeddingError
        If an id is there twice, or no item is in both sources.
    UndefinedMetric
        If the old threshold accepts no pair or all pairs, or the new model cannot accept so few.
    UsageError
        If there is no threshold, there are no ids, or the two are compared by different scores.
    """
    require_one_threshold(target, threshold_file)
    require_two_sources(old, new)
    sides = [
        OptionalLabels.open(one, work, "opis translate", find_id=not by_row) for one in (old, new)
    ]
    score = sides[0].items.score
    require_score(sides[1].data.source, sides[1].items.score, score)
    if threshold_file is not None:
        value = files.read(threshold_file, distance, score)
        target = Target(Criterion.THRESHOLD, value, score)
    if target is None:
        raise AssertionError("a threshold was given")
    settings = TranslationSettings(target=target, distance=distance, by_row=by_row, score=score)
    items = MatchedItems.of(sides[0], sides[1], by_row=by_row)
    work.say(f"{items.old.n_items:,} common items, {work.resources}")
    how = Counting(distance, work.resources, work.on_progress)
    result = _translated(sides, items, settings, how)
    n_repeats = [int(np.count_nonzero(one.repeats)) for one in (items.old, items.new)]
    warnings = translation_warnings(result, n_repeats, items.n_relabelled)
    return replace(result, warnings=tuple(warnings))


def _translated(
    sides: Sequence[OptionalLabels],
    items: MatchedItems,
    settings: TranslationSettings,
    how: Counting,
) -> Translation:
    has_labels = items.labels_from is not None
    at_old = _old_counts(items.old, settings, how)
    pooled, at_new = _new_counts(items.new, at_old, how)
    old = _model(items.old, at_old, settings.target, how, has_labels=has_labels)
    new = _model(items.new, at_new, settings.target, how, has_labels=has_labels)
    bounds = _threshold_bounds(items.new, pooled, share_bounds(at_old, at_new), how.distance)
    lo, hi = (to_similarity(one, how.distance) for one in reversed(bounds))
    far, tar = _changes(old.of_classes, new.of_classes)
    return Translation(
        opis_version=__version__,
        signature=settings.signature(__version__),
        old=sides[0].data,
        new=sides[1].data,
        n_common=items.old.n_items,
        n_only_old=items.n_only_old,
        n_only_new=items.n_only_new,
        labels_from=items.labels_from,
        n_classes=items.old.n_classes if has_labels else None,
        distance=how.distance.value,
        score=settings.score or PLAIN_SCORE,
        old_point=old.point,
        new_point=new.point,
        threshold_ci=bounds,
        similarity_ci=Interval(lo, hi),
        far_change=far,
        tar_change=tar,
        warnings=(),
    )


def _old_counts(items: EmbeddingSet, settings: TranslationSettings, how: Counting) -> PairCounts:
    """Accepted pairs of every item at the old threshold; pairs exactly at it are accepted."""
    near = ties.thresholds_to_count([settings.target], how.distance, items.dims)
    counts = count_by_unit(AllPairs.within(items), how, np.array(near))
    at = ties.settled(histogram_at(counts), settings.threshold, how.distance, items.dims)
    counts = counts.at(np.array([at]))
    k, n = int(counts.accepted_negative[0]), counts.n_negative
    if not 0 < k < n:
        raise UndefinedMetric(
            f"the old threshold, distance {at:.6g}, accepts {k:,} of {n:,} pairs of the common"
            " items, so that no threshold of the new model corresponds to it",
            hint="Check that the threshold belongs to the old model; if it does, use more items.",
        )
    return counts


def _new_counts(
    items: EmbeddingSet, old: PairCounts, how: Counting
) -> tuple[DistanceHistogram, PairCounts]:
    """All pairs under the new model, and those accepted by the threshold for the old share."""
    pairs = AllPairs.within(items)
    share = float(old.accepted_negative[0] / old.n_negative)
    pooled = count_together(pairs, how, shares=(share,))
    threshold = threshold_at_far(pooled, share)
    if threshold is None:
        nearest = int(pooled.negative[np.argmax(pooled.negative > 0)])
        raise UndefinedMetric(
            f"the old model accepts {old.accepted_negative[0]:,} of {old.n_negative:,} pairs, but"
            f" the smallest threshold of the new one that accepts any accepts {nearest:,}",
            hint="Use more items; of equal embeddings under the new model, remove all but one.",
        )
    return pooled, count_by_unit(pairs, how, np.array([threshold]))


def _model(
    items: EmbeddingSet, counts: PairCounts, target: Target, how: Counting, *, has_labels: bool
) -> _Model:
    threshold = float(counts.thresholds[0])
    point = ModelPoint(
        threshold=threshold,
        similarity=similarity_at(threshold, target, how.distance),
        accepted=accepted_rate(counts),
    )
    sizes = items.class_sizes
    if not has_labels or len(sizes) < 2 or sizes.max() < 2:
        return _Model(None, point)
    of_classes = count_by_class(items, how, threshold)
    rates = operating_point(of_classes, None, items.names, how.distance)
    return _Model(of_classes, replace(point, far=rates.far, tar=rates.tar_rate))


def _threshold_bounds(
    items: EmbeddingSet, pooled: DistanceHistogram, shares: tuple[float, float], distance: Distance
) -> Interval:
    """Thresholds whose accepted shares are the given ones, rounded outwards."""
    accepted = np.cumsum(pooled.negative) / pooled.negative.sum()
    above = int(np.searchsorted(accepted, shares[1]))
    lo = threshold_at_far(pooled, shares[0])
    least = possible_distances(items.score, distance)[0]
    return Interval(
        least if lo is None else lo, float(pooled.ticks[min(above, len(pooled.ticks) - 1)])
    )


def _changes(
    old: PairCounts | None, new: PairCounts | None
) -> tuple[RateChange | None, RateChange | None]:
    """What changes in FAR and in TAR, of the same classes."""
    if old is None or new is None:
        return None, None
    has_pairs = old.has_positives
    sides = [
        [(one.negative[:, 0].astype(np.int64), one.negative_pairs) for one in (old, new)],
        [
            (one.positive[has_pairs, 0].astype(np.int64), one.positive_pairs[has_pairs])
            for one in (old, new)
        ],
    ]
    far, tar = (
        _change(before, after, ends) for (before, after), ends in zip(sides, (2, 1), strict=True)
    )
    return far, tar


def _change(
    old: tuple[IntArray, IntArray], new: tuple[IntArray, IntArray], ends: int
) -> RateChange:
    before, after = (float(accepted.sum() / pairs.sum()) for accepted, pairs in (old, new))
    found = rate_change_interval(old, new, ends)
    return RateChange(value=after - before, ci=None if found is None else Interval(*found))
