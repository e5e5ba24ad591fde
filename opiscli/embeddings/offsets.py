"""Offsets that make similarities comparable between items in dense and in sparse regions.

The score of items a and b is s' = s - (o_a + o_b) with o = w r, where r is the mean similarity of
an item to its k nearest of a cohort, less the mean of the cohort's own.
Distances follow from s' as they do from s; a Euclidean one has the sign of 1 - s'.
"""

from dataclasses import dataclass, replace

import numpy as np

from opiscli.arrays import AnyArray, Float32Array
from opiscli.distance import Distance
from opiscli.embeddings.cosine import LARGEST, from_cosine_distance
from opiscli.errors import EmbeddingError, UsageError

LARGEST_OFFSET = 2.0
"""A mean similarity less another is no larger, and a weight is at most 1."""

COSINE = "the cosine"
"""What pairs are compared by without offsets, in messages."""


def possible_distances(score: str, distance: Distance) -> tuple[float, float]:
    """Bounds of the distances by a score; an empty one is the cosine. Given scores have none."""
    if distance.is_given:
        return -float(np.finfo(np.float64).max), float(np.finfo(np.float64).max)
    added = 2 * LARGEST_OFFSET if score else 0.0
    ends = from_cosine_distance(np.array([0.0 - added, LARGEST + added]), distance)
    return float(ends[0]), float(ends[1])


def require_score(name: str, found: str, expected: str) -> None:
    """Raise `UsageError` if a source is compared by another score than thresholds are for."""
    if found != expected:
        raise UsageError(
            f"thresholds are chosen by {expected or COSINE}, but items of {name} are compared by"
            f" {found or COSINE}",
            hint="Run opis normalize on both with one cohort, or add --no-offset.",
        )


def refuse_offsets(score: str, what: str) -> None:
    """Raise `UsageError` if a source has offsets and something is for cosines only."""
    if score:
        raise UsageError(
            f"{what} compares items by {COSINE}, but the source has an offset column ({score})",
            hint="Add --no-offset to ignore the column.",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Offsets:
    """What is subtracted from all similarities of each item, and how it was computed.

    Parameters
    ----------
    values
        Shape ``(n_items,)``, float32, the products of weight and r.
    k, weight
        How they were computed; ``None`` where that is not known.
    """

    values: Float32Array
    k: int | None = None
    weight: float | None = None

    @classmethod
    def of(cls, values: AnyArray, k: int | None = None, weight: float | None = None) -> "Offsets":
        """Check numbers that were read.

        Raises
        ------
        EmbeddingError
            If one is not finite or too large for an offset; the first is named.
        """
        wide = np.asarray(values, dtype=np.float64)
        bad = ~(np.abs(wide) <= LARGEST_OFFSET)  # also where it is not a number
        if bad.any():
            row = int(np.argmax(bad))
            raise EmbeddingError(
                f"offset in row {row} is {wide[row]:g} (counting from 0), expected a number in"
                f" [-{LARGEST_OFFSET:g}, {LARGEST_OFFSET:g}]",
                hint="Compute the offsets again with opis normalize; if the column means something"
                " else, ignore it with --no-offset.",
                row=row,
            )
        narrow = wide.astype(np.float32) + np.float32(0)  # -0.0 becomes 0.0
        narrow.flags.writeable = False
        return cls(narrow, k, weight)

    @property
    def score(self) -> str:
        """What pairs are compared by, as in signatures: ``cos-offset(k=50,w=0.25)``."""
        if self.k is None or self.weight is None:
            return "cos-offset"
        return f"cos-offset(k={self.k},w={self.weight:g})"

    def take(self, chosen: AnyArray) -> "Offsets":
        """The offsets of some items."""
        return replace(self, values=self.values[chosen])
