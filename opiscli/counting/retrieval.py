"""MAP@R and R-precision of a set, summed by class."""

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.metrics.map_at_r import MAP_AT_R, R_PRECISION, average_precision_at_r, r_precision
from opiscli.neighbours.match_lists import match_lists
from opiscli.progress import Progress
from opiscli.settings.resources import Resources


def ranking_sums(
    items: EmbeddingSet, resources: Resources, on_progress: Progress | None = None
) -> dict[str, FloatArray]:
    """Search the R nearest neighbours of all items and score each list.

    Takes about the time of one nearest-neighbour search, longer if classes are large.

    Returns
    -------
    dict of FloatArray
        Shape ``(n_classes,)``, by name of the measure.

    Raises
    ------
    UsageError
        If the memory limit is too small.
    """
    sums = {name: np.zeros(items.n_classes) for name in (MAP_AT_R, R_PRECISION)}
    for lists in match_lists(items, resources, on_progress):
        np.add.at(sums[MAP_AT_R], lists.codes, average_precision_at_r(lists))
        np.add.at(sums[R_PRECISION], lists.codes, r_precision(lists))
    return sums
