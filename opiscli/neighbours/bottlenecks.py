"""Upper bounds of how far apart two items may be linked: most pairs need no closer look.

The bottleneck of two items is the smallest threshold at which a chain of accepted pairs links them.
A pair whose distance is at least that is in no minimum spanning tree (or in not all of them), so
a search for the tree may pass over it. Bounds come from the tree of the pairs seen so far.
"""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, Float32Array, IntArray
from opiscli.neighbours.minimum_forest import minimum_forest

_LEVELS = 32
"""Distances of the tree at which its components are known, evenly spread over its pairs."""


@dataclass(frozen=True, slots=True, eq=False)
class Bottlenecks:
    """Components of a spanning tree at some of its distances.

    Parameters
    ----------
    levels
        Shape ``(n_levels,)``, cosine distances, increasing; at the last, all items are linked.
    components
        Shape ``(n_levels, n_items)``, number of the component of each item.
    to_core
        Shape ``(n_items,)``, the first level at which an item is linked with one item that most
        others are soon linked with. Two items are linked at the larger of theirs.
    """

    levels: Float32Array
    components: AnyArray
    to_core: Float32Array

    @classmethod
    def of_tree(
        cls, n_items: int, first: AnyArray, second: AnyArray, distance: Float32Array
    ) -> "Bottlenecks":
        """Bounds from the pairs of a spanning tree, by increasing distance."""
        last = _spread(len(distance))
        components = np.empty((len(last), n_items), dtype=np.int32)
        known: IntArray = np.arange(n_items)
        start = 0
        for level, stop in enumerate(last + 1):
            some = slice(start, stop)
            one, other = known[first[some]], known[second[some]]
            known = minimum_forest(int(known.max()) + 1, one, other, distance[some]).trees[known]
            components[level], start = known, stop
        middle = components[len(last) // 2]
        core = int(np.argmax(middle == np.argmax(np.bincount(middle))))
        with_core = components == components[:, core, None]
        levels = distance[last]
        return cls(levels, components, levels[np.argmax(with_core, axis=0)])

    def may_shorten(self, first: AnyArray, second: AnyArray, distance: Float32Array) -> BoolArray:
        """Whether each pair is nearer than the bound of its bottleneck."""
        level = np.searchsorted(self.levels, distance, side="right") - 1
        linked = self.components[level, first] == self.components[level, second]
        return np.asarray(~linked | (level < 0))


def _spread(n: int) -> IntArray:
    """Positions up to the last one: evenly spread, and closer together towards the end."""
    evenly = np.linspace(0, n - 1, _LEVELS).astype(np.int64)
    towards = n - 1 - (1 << np.arange(int(n).bit_length() - 1))
    return np.union1d(evenly, towards)
