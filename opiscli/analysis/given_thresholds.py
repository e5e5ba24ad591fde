"""Given thresholds, as distance or similarity: where to count, and what they accept."""

from collections.abc import Mapping, Sequence
from typing import Any

from opiscli.analysis.warnings.units import unit_warnings
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.cosine import to_similarity
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.results import ReportWarning
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds import ties


def to_count(
    data: EmbeddingSet | CountedSet, targets: Sequence[Target], given: Mapping[str, Any]
) -> tuple[float, ...]:
    """Distances at which pairs must be counted exactly, for targets that are thresholds.

    Parameters
    ----------
    given
        With ``distance``, where one was asked for; counts are measured as they were counted.
    """
    if isinstance(data, CountedSet):
        return ()
    distance = given.get("distance") or Distance.EUCLIDEAN
    return ties.thresholds_to_count(targets, distance, data.dims)


def given_threshold(run: CountedSet, target: Target) -> float | None:
    """The distance for a given threshold; pairs exactly at the threshold are accepted."""
    distance = run.settings.distance
    threshold = target.threshold(distance)
    if threshold is None:
        return None
    return ties.settled(run.counted.pooled, threshold, distance, run.data.dims)


def about_units(run: CountedSet, targets: Sequence[Target]) -> tuple[ReportWarning, ...]:
    """Warnings of given thresholds that make sense in the other unit only."""
    return tuple(unit_warnings(run.counted.pooled, targets, run.settings.distance))


def similarity_at(threshold: float, target: Target, distance: Distance) -> float:
    """Similarity at a threshold; a given similarity is returned unchanged."""
    if target.criterion is Criterion.SIMILARITY and target.threshold(distance) == threshold:
        return float(target.value or 0.0)
    return to_similarity(threshold, distance)
