"""MAP@R and R-precision of a set, summed per class: all that intervals need of them."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.embeddings import EmbeddingSet
from opiscli.metrics.ranking import average_precision_at_r, r_precision
from opiscli.pairs.rankings import match_lists
from opiscli.pairs.sweep import Progress
from opiscli.resources import Resources


@dataclass(frozen=True, slots=True)
class RankingSums:
    """Sums over the items of each class, 0 where a class has a single item.

    Parameters
    ----------
    average_precision, r_precision
        Shape ``(n_classes,)``.
    """

    average_precision: FloatArray
    r_precision: FloatArray


def rank(
    items: EmbeddingSet, resources: Resources, on_progress: Progress | None = None
) -> RankingSums:
    """Search for the R nearest others of all items and score each list as it comes.

    Takes about the time of one nearest-neighbour search, longer if classes are large.

    Raises
    ------
    UsageError
        If the memory limit is too small.
    """
    sums = np.zeros((2, items.n_classes))
    for lists in match_lists(items, resources, on_progress):
        for of_class, score in zip(sums, (average_precision_at_r, r_precision), strict=True):
            np.add.at(of_class, lists.codes, score(lists))
    return RankingSums(*sums)
