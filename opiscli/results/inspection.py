"""The classes, pairs and items with the worst errors at a threshold."""

from dataclasses import dataclass
from typing import ClassVar

from opiscli.results.components import Components
from opiscli.results.data import Data, ReportWarning
from opiscli.results.item import Item
from opiscli.results.quantities import ClassRates
from opiscli.results.result import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPair:
    """Two items, how similar and how far apart they are, and whether the threshold accepts them."""

    first: Item
    second: Item
    similarity: float
    distance: float
    accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspectedLabel:
    """An item whose nearest others all belong to one other class.

    ``similarity`` and ``distance`` are those to the last of these, ``own_similarity`` and
    ``own_distance`` those to the nearest item of its own class, ``None`` where it is the only one.
    """

    item: Item
    among: str
    similarity: float
    distance: float
    own_similarity: float | None
    own_distance: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection(Result):
    """The worst errors at a threshold.

    Parameters
    ----------
    name, threshold, similarity
        The target, and the threshold for it.
    highest_far, lowest_tar
        The classes with the highest FAR and those with the lowest TAR, the worst first.
    negatives, positives
        The nearest negative and the farthest positive pairs, the worst first.
    suspected_labels
        Possible label errors, the most likely first: those much nearer to the other class
        than to their own.
    n_suspected
        How many there are in total.
    n_neighbours
        How many nearest others must agree.
    components
        The connected components of the accepted pairs; ``None`` if they were not asked for.
    """

    schema: ClassVar[str] = "opis.inspection/1"

    data: Data
    distance: str
    name: str
    threshold: float
    similarity: float
    far: float
    tar: float
    highest_far: tuple[ClassRates, ...]
    lowest_tar: tuple[ClassRates, ...]
    negatives: tuple[FoundPair, ...]
    positives: tuple[FoundPair, ...]
    suspected_labels: tuple[SuspectedLabel, ...]
    n_suspected: int
    n_neighbours: int
    warnings: tuple[ReportWarning, ...]
    components: Components | None = None
