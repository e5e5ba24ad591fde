"""The distance that thresholds are measured in."""

import math
from enum import StrEnum


class Distance(StrEnum):
    """What thresholds are measured in.

    The distances of embeddings lie in [0, 2], but for scores with offsets. Scores that were given
    have no bounds: pairs are counted by the score itself where it is a distance, and by its
    negative where it is a similarity.
    """

    EUCLIDEAN = "euclidean"
    COSINE = "cosine"
    GIVEN_DISTANCE = "given-distance"
    GIVEN_SIMILARITY = "given-similarity"

    @property
    def is_given(self) -> bool:
        """Whether pairs have scores that were given, and no embeddings."""
        return self in (Distance.GIVEN_DISTANCE, Distance.GIVEN_SIMILARITY)

    @property
    def in_words(self) -> str:
        """What a threshold is measured in, for people: ``euclidean distance``."""
        if self is Distance.GIVEN_SIMILARITY:
            return "similarity score"
        return "distance score" if self.is_given else f"{self} distance"

    def of_similarity(self, similarity: float) -> float:
        """Distance of a pair by its similarity: of unit vectors the cosine, in [-1, 1].

        A score above 1, which only offsets make, has a negative distance. Given similarities are
        counted by their negatives; given distances have no similarity.

        Examples
        --------
        >>> Distance.EUCLIDEAN.of_similarity(0.5), Distance.COSINE.of_similarity(-1)
        (1.0, 2.0)
        >>> Distance.GIVEN_SIMILARITY.of_similarity(7.5)
        -7.5
        """
        if self is Distance.GIVEN_DISTANCE:
            raise ValueError("scores that are distances have no similarity")
        if self is Distance.GIVEN_SIMILARITY:
            return 0.0 - similarity
        cosine_distance = 1.0 - similarity
        if self is Distance.COSINE:
            return cosine_distance
        return math.copysign(math.sqrt(2.0 * abs(cosine_distance)), cosine_distance)

    def shown(self, threshold: float) -> float:
        """A threshold as people see it: of given similarities, the similarity.

        Examples
        --------
        >>> Distance.EUCLIDEAN.shown(0.5), Distance.GIVEN_SIMILARITY.shown(-7.5)
        (0.5, 7.5)
        """
        # Zero minus zero is zero, not minus zero.
        return 0.0 - threshold if self is Distance.GIVEN_SIMILARITY else threshold

    def counted(self, threshold: float) -> float:
        """A threshold that people gave, as pairs are counted: the inverse of `shown`."""
        return self.shown(threshold)


OF_EMBEDDINGS = (Distance.EUCLIDEAN, Distance.COSINE)
"""Distances that can be asked for."""
