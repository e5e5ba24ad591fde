"""Thresholds that were given, as a distance or as a similarity: what to count, and what they accept."""

from collections.abc import Mapping, Sequence
from typing import Any

from opiscli.analysis.inputs import Opened
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.cosine import to_similarity
from opiscli.settings.calibration import Criterion, Target
from opiscli.thresholds import ties


def to_count(
    opened: Opened, targets: Sequence[Target], given: Mapping[str, Any]
) -> tuple[float, ...]:
    """Distances that must be counted to the digit for the targets that are thresholds.

    Parameters
    ----------
    given
        With ``distance``, where one was asked for; counts are measured as they were counted.
    """
    if isinstance(opened.data, CountedSet):
        return ()
    distance = given.get("distance") or Distance.EUCLIDEAN
    return ties.thresholds_to_count(targets, distance, opened.data.dims)


def given_threshold(run: CountedSet, target: Target) -> float | None:
    """The threshold of a target that is one, as a distance that accepts the pairs exactly at it."""
    distance = run.settings.distance
    threshold = target.threshold(distance)
    if threshold is None:
        return None
    return ties.settled(run.counted.pooled, threshold, distance, run.data.dims)


def similarity_at(threshold: float, target: Target, distance: Distance) -> float:
    """Similarity at a threshold; to the digit that which was given."""
    if target.criterion is Criterion.SIMILARITY and target.threshold(distance) == threshold:
        return float(target.value or 0.0)
    return to_similarity(threshold, distance)
