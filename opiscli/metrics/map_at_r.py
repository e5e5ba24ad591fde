"""R-precision and MAP@R: matches among the R nearest neighbours, and how early they come.

Musgrave, Belongie and Lim, "A Metric Learning Reality Check", ECCV 2020, arXiv:2003.08505.
Where neighbours are tied, each value is its mean over all orders of them: McSherry and
Najork, "Computing Information Retrieval Performance Measures Efficiently in the Presence of
Tied Scores", ECIR 2008.
"""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import FloatArray, IntArray
from opiscli.neighbours.match_lists import MatchLists

MAP_AT_R = "map_at_r"
R_PRECISION = "r_precision"


def r_precision(lists: MatchLists) -> FloatArray:
    """Share of the R nearest neighbours with the label of the item; R others share it.

    Returns
    -------
    FloatArray
        Shape ``(n_queries,)``, in [0, 1].
    """
    ties = _ties(lists)
    # At each rank the chance of a match: the share of matches among those tied there.
    return _mean_of_first(ties.matches / ties.size, lists.n_relevant)


def average_precision_at_r(lists: MatchLists) -> FloatArray:
    r"""Mean over the first R ranks of the precision at matching ranks, 0 at others.

    .. math:: \frac{1}{R} \sum_{i=1}^{R} P(i)\,\mathrm{rel}(i)

    Their mean over items is MAP@R. With g neighbours tied, m of them matches and A matches
    before them, the j-th of the g contributes in the mean over orders

    .. math:: \frac{m}{g} \cdot \frac{1}{i} \left(A + 1 + (j-1)\frac{m-1}{g-1}\right)

    Returns
    -------
    FloatArray
        Shape ``(n_queries,)``, in [0, 1].
    """
    ties = _ties(lists)
    rank = np.arange(1, lists.is_match.shape[1] + 1)
    earlier = rank - 1 - ties.start
    share_of_earlier = (ties.matches - 1) / np.maximum(ties.size - 1, 1)
    hits = ties.matches_before + 1 + earlier * share_of_earlier
    return _mean_of_first(ties.matches / ties.size * hits / rank, lists.n_relevant)


@dataclass(frozen=True, slots=True)
class _Ties:
    """Statistics of the neighbours tied with each one, itself included, all of one shape."""

    start: IntArray
    size: IntArray
    matches: IntArray
    matches_before: IntArray


def _ties(lists: MatchLists) -> _Ties:
    n_queries, depth = lists.is_match.shape
    position = np.arange(depth)
    start = np.maximum.accumulate(np.where(lists.is_farther, position, 0), axis=1)
    ends = np.full((n_queries, depth), depth)
    ends[:, :-1] = np.where(lists.is_farther[:, 1:], position[1:], depth)
    end = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    matches = np.zeros((n_queries, depth + 1), dtype=np.int64)
    np.cumsum(lists.is_match, axis=1, out=matches[:, 1:])
    before = np.take_along_axis(matches, start, axis=1)
    inside = np.take_along_axis(matches, end, axis=1) - before
    return _Ties(start, end - start, inside, before)


def _mean_of_first(values: FloatArray, n: IntArray) -> FloatArray:
    first = np.arange(values.shape[1]) < n[:, None]
    return np.asarray(values.sum(axis=1, where=first) / n)
