"""Labelled pairs with a score each: what is measured where there are no embeddings."""

from dataclasses import dataclass
from enum import StrEnum

from opiscli.arrays import BoolArray, FloatArray, Int32Array
from opiscli.distance import Distance


class ScoreKind(StrEnum):
    """What a score says: a high similarity or a low distance means the same class."""

    SIMILARITY = "similarity"
    DISTANCE = "distance"


@dataclass(frozen=True, slots=True, eq=False)
class PairGroups:
    """Which groups of pairs each pair belongs to.

    Parameters
    ----------
    names
        Name of each group.
    sides
        Shape ``(n_sides, n_pairs)``, positions in ``names``: two sides where the two items of a
        pair each have a group, such as their classes, and one where the pair itself has one. A
        pair with the same group on both sides belongs to it once.
    """

    names: tuple[str, ...]
    sides: Int32Array


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PairScores:
    """Labelled pairs in the order of their source; arrays may be mapped from a file.

    Parameters
    ----------
    distances
        Shape ``(n_pairs,)``, float64 and finite, lower for more alike pairs: the score itself if it
        is a distance, its negative if it is a similarity. Negation loses nothing.
    is_positive
        Same shape, whether the two items are of one class.
    kind
        What the scores are.
    classes
        The classes that per-class rates and OPIS are of: identities of both sides, which are equal
        exactly in positive pairs, or those of a column of classes; ``None`` if there are none.
    clusters
        What is left out at a time for confidence intervals, if not the classes; ``None`` with
        neither means that pairs are taken for independent.
    n_items
        Different items among the pairs; ``None`` if they have no ids.
    sha256
        Of scores, labels and groups, whatever the order of rows.
    score_column
        Column that the scores were in; ``None`` where they were computed, or the format says it.
    distance
        What was computed, if the scores are distances of embeddings.
    score
        What embeddings were compared by, if not by their cosine; empty for that.
    notes
        How the source was understood, in sentences for the person who named it.
    warnings
        Code and message of each thing that makes results doubtful.
    """

    distances: FloatArray
    is_positive: BoolArray
    kind: ScoreKind
    classes: PairGroups | None = None
    clusters: PairGroups | None = None
    n_items: int | None = None
    sha256: str
    score_column: str | None = None
    distance: Distance | None = None
    score: str = ""
    notes: tuple[str, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def n_pairs(self) -> int:
        """Number of pairs."""
        return len(self.distances)
