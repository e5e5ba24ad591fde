"""The distance that thresholds are measured in."""

import math
from enum import StrEnum


class Distance(StrEnum):
    """Distance measures of thresholds; both lie in [0, 2], but for scores with offsets."""

    EUCLIDEAN = "euclidean"
    COSINE = "cosine"

    def of_similarity(self, similarity: float) -> float:
        """Distance of two unit vectors whose cosine is ``similarity``, in [-1, 1].

        A score above 1, which only offsets make, has a negative distance.

        Examples
        --------
        >>> Distance.EUCLIDEAN.of_similarity(0.5), Distance.COSINE.of_similarity(-1)
        (1.0, 2.0)
        """
        cosine_distance = 1.0 - similarity
        if self is Distance.COSINE:
            return cosine_distance
        return math.copysign(math.sqrt(2.0 * abs(cosine_distance)), cosine_distance)
