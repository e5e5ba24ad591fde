"""What the thresholds of a source of pairs are measured in."""

from dataclasses import replace

from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance, to_cosine_distance
from opiscli.embeddings.pair_scores import PairScores, ScoreKind

_GIVEN = {
    ScoreKind.SIMILARITY: Distance.GIVEN_SIMILARITY,
    ScoreKind.DISTANCE: Distance.GIVEN_DISTANCE,
}


def measure_of(pairs: PairScores, asked: Distance | None = None) -> Distance:
    """The scores as they were given; of embeddings the distance asked for, or that computed."""
    return _GIVEN[pairs.kind] if pairs.distance is None else asked or pairs.distance


def in_distance(pairs: PairScores, distance: Distance) -> PairScores:
    """Pairs of embeddings measured in another distance; the order of pairs stays as it is."""
    if pairs.distance is None or pairs.distance is distance:
        return pairs
    cosine = to_cosine_distance(pairs.distances, pairs.distance)
    return replace(pairs, distances=from_cosine_distance(cosine, distance), distance=distance)
