"""Given thresholds, as distance or similarity: where to count, and what they accept."""

from collections.abc import Mapping, Sequence
from typing import Any

from opiscli.analysis.warnings.units import unit_warnings
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.embeddings.cosine import to_similarity
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.pair_measure import measure_of
from opiscli.embeddings.pair_scores import PairScores
from opiscli.results import ReportWarning
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds import ties


def to_count(
    data: EmbeddingSet | PairScores | CountedSet,
    targets: Sequence[Target],
    given: Mapping[str, Any],
) -> tuple[float, ...]:
    """Distances at which pairs must be counted exactly, for targets that are thresholds.

    Parameters
    ----------
    given
        With ``distance``, where one was asked for; counts are measured as they were counted.
    """
    if isinstance(data, CountedSet):
        return ()
    if isinstance(data, PairScores):
        measured = measure_of(data, given.get("distance"))
        thresholds = [target.threshold(measured) for target in targets]
        return tuple(threshold for threshold in thresholds if threshold is not None)
    distance = given.get("distance") or Distance.EUCLIDEAN
    return ties.thresholds_to_count(targets, distance, data.dims)


def given_threshold(run: CountedSet, target: Target) -> float | None:
    """The distance for a given threshold; pairs exactly at the threshold are accepted."""
    distance = run.settings.distance
    threshold = target.threshold(distance)
    if threshold is None or run.data.dims is None:
        return threshold
    return ties.settled(run.counted.pooled, threshold, distance, run.data.dims)


def about_units(run: CountedSet, targets: Sequence[Target]) -> tuple[ReportWarning, ...]:
    """Warnings of given thresholds that make sense in the other unit only."""
    if run.settings.distance.is_given:
        return ()
    return tuple(unit_warnings(run.counted.pooled, targets, run.settings.distance))


def similarity_at(threshold: float, target: Target, distance: Distance) -> float | None:
    """Similarity at a threshold; a given similarity is returned unchanged."""
    if target.criterion is Criterion.SIMILARITY and target.threshold(distance) == threshold:
        return float(target.value or 0.0)
    return shown_similarity(threshold, distance)


def shown_similarity(threshold: float, distance: Distance) -> float | None:
    """Similarity at a threshold; ``None`` for given scores that are distances."""
    return None if distance is Distance.GIVEN_DISTANCE else to_similarity(threshold, distance)
