"""The distance that thresholds are measured in."""

from enum import StrEnum


class Distance(StrEnum):
    """Distance measures of thresholds; both lie in [0, 2]."""

    EUCLIDEAN = "euclidean"
    COSINE = "cosine"
