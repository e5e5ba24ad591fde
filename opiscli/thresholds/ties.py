"""A given threshold accepts the pairs that are exactly at it, although rounding moved them.

The cosines of binary codes, of counts and of other coarse features are fractions such as 14/32, and
many pairs share each. In float32 their distances come out a little away from the fraction. A
threshold that is such a fraction, and has such a group of pairs around it and no others near, is
moved to the end of the group. All other thresholds stay where they are, so that one that opis
printed accepts the same pairs when it is given back.
"""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.embeddings.cosine import LARGEST, from_cosine_distance, to_cosine_distance
from opiscli.settings.target import Target

_ROUNDING = 2.0**-22
"""Of a float32 product of unit vectors of few dims; half of a tie, as thresholds are planned."""

_ROUNDING_A_DIM, _MOST_ROUNDING = 2.0**-26, 2.0**-17
"""Of many dims: equal addends, as in binary codes, all round the same way."""

_BY_DIFFERENCE = 1e-3
"""Below this, distances are half the squared length of a difference of vectors."""

_OF_VECTORS = 2.0**-23
"""Largest error in the length of such a difference."""

_ALONE = 8
"""How many times the rounding error around a threshold has no pair but its group."""

_ALONE_BY_DIMS = 0.25
"""The same for the larger errors of codes, whose cosines are no closer than 1 in so many dims."""

_LARGEST_DENOMINATOR = 1_000_000
"""Of a fraction that a person would give: six decimals, or a share of equal signs."""

_EXACT = 1e-15


class _Group(NamedTuple):
    """Distances around a threshold: of the space without other pairs, and of the group in it."""

    first: float
    start: float
    end: float
    last: float


def thresholds_to_count(
    targets: Iterable[Target], distance: Distance, dims: int
) -> tuple[float, ...]:
    """Distances that must be counted to the digit: given thresholds and what lies around them."""
    found: list[float] = []
    for target in targets:
        threshold = target.threshold(distance)
        if threshold is not None:
            found.append(threshold)
            found += [at for group in _groups(threshold, distance, dims) for at in group]
    return tuple(found)


def settled(pooled: DistanceHistogram, threshold: float, distance: Distance, dims: int) -> float:
    """The threshold that accepts what the given one is meant to accept.

    Parameters
    ----------
    pooled
        Of all pairs, on the distances that `thresholds_to_count` names; where it is not, the
        threshold is taken as it is.
    threshold
        A distance in [0, 2].
    """
    below = np.cumsum(pooled.positive + pooled.negative)
    for group in _groups(threshold, distance, dims):
        looked_at = np.array([group.first, group.start, threshold, group.end, group.last])
        positions = np.minimum(np.searchsorted(pooled.ticks, looked_at), len(below) - 1)
        if not np.array_equal(pooled.ticks[positions], looked_at):
            continue
        before, _, moved, after = np.diff(below[positions])
        if moved > 0 and before == after == 0:
            return group.end
    return threshold


def is_settled(threshold: float, given: float, distance: Distance, dims: int) -> bool:
    """Whether a threshold is the given one, or that to the end of the pairs exactly at it."""
    ends = [group.end for group in _groups(given, distance, dims)]
    return threshold in (given, *ends)


def _groups(threshold: float, distance: Distance, dims: int) -> Iterator[_Group]:
    """Where pairs exactly at a threshold may be found; a single pair only very close to it."""
    cosine = float(to_cosine_distance(np.array(threshold), distance))
    if not 0 <= cosine <= LARGEST:
        return  # only offsets make such distances, and no ties
    fraction = Fraction(cosine).limit_denominator(_LARGEST_DENOMINATOR)
    if abs(cosine - float(fraction)) > _EXACT:
        return
    if cosine < _BY_DIFFERENCE:
        roundings = [_OF_VECTORS * (math.sqrt(2 * cosine) + _OF_VECTORS)]
    else:
        roundings = [_ROUNDING, min(dims * _ROUNDING_A_DIM, _MOST_ROUNDING)]
    sizes = [(roundings[0], _ALONE * roundings[0])]
    sizes += [(one, _ALONE_BY_DIMS / dims) for one in roundings[1:] if one > _ROUNDING]
    for inside, alone in sizes:
        steps = np.array([-alone, -inside, inside, alone])
        around = from_cosine_distance(np.clip(cosine + steps, 0.0, LARGEST), distance)
        first, start, end, last = around.tolist()
        yield _Group(first, start, end, last)
