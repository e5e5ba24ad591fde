"""What a threshold is measured in."""

from enum import StrEnum


class Distance(StrEnum):
    """What a threshold is measured in; both lie in [0, 2]."""

    EUCLIDEAN = "euclidean"
    COSINE = "cosine"
