"""The distance that thresholds are measured in."""

import math
from enum import StrEnum


class Distance(StrEnum):
    """Distance measures of thresholds; both lie in [0, 2]."""

    EUCLIDEAN = "euclidean"
    COSINE = "cosine"

    def of_similarity(self, similarity: float) -> float:
        """Distance of two unit vectors whose cosine is ``similarity``, in [-1, 1].

        Examples
        --------
        >>> Distance.EUCLIDEAN.of_similarity(0.5), Distance.COSINE.of_similarity(-1)
        (1.0, 2.0)
        """
        cosine_distance = 1.0 - similarity
        if self is Distance.COSINE:
            return cosine_distance
        return math.sqrt(2.0 * cosine_distance)
