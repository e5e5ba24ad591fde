"""Connected components of accepted pairs, compared with the classes, and how the largest grows."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from opiscli.arrays import AnyArray, BoolArray, IntArray


@dataclass(frozen=True)
class ComponentTable:
    """How many items of each class each component holds.

    Parameters
    ----------
    component, code, n_items
        Shape ``(n_cells,)``: the cells that are not empty, by component and then by class.
    """

    component: IntArray
    code: IntArray
    n_items: IntArray

    @classmethod
    def of(cls, components: AnyArray, codes: AnyArray) -> "ComponentTable":
        """Count the items of each cell.

        Parameters
        ----------
        components, codes
            Shape ``(n_items,)``, component and class of each item, both numbered from 0.
        """
        n_classes = int(codes.max()) + 1
        cells, n_items = np.unique(
            components.astype(np.int64) * n_classes + codes, return_counts=True
        )
        return cls(cells // n_classes, cells % n_classes, n_items)

    @cached_property
    def component_sizes(self) -> IntArray:
        """Shape ``(n_components,)``, items of each."""
        return _sums(self.component, self.n_items)

    @cached_property
    def class_sizes(self) -> IntArray:
        """Shape ``(n_classes,)``, items of each."""
        return _sums(self.code, self.n_items)

    @cached_property
    def classes_of_component(self) -> IntArray:
        """Shape ``(n_components,)``, classes with an item in it."""
        return np.bincount(self.component)

    @cached_property
    def components_of_class(self) -> IntArray:
        """Shape ``(n_classes,)``, components with an item of it."""
        return np.bincount(self.code)

    @cached_property
    def is_intact(self) -> BoolArray:
        """Shape ``(n_classes,)``, whether a class is a component: all of it and nothing else."""
        is_alone = self.classes_of_component[self.component] == 1
        alone = np.bincount(self.code[is_alone], minlength=len(self.class_sizes))
        return np.asarray((self.components_of_class == 1) & (alone == 1))

    @cached_property
    def largest(self) -> int:
        """The component of most items; of several, the one of most classes."""
        return int(np.lexsort((self.classes_of_component, self.component_sizes))[-1])

    @property
    def pairs(self) -> "JoinedPairs":
        """The pairs of two items of one component."""
        n_joined, n_same, n_positive = (
            int((sizes * (sizes - 1) // 2).sum())
            for sizes in (self.component_sizes, self.n_items, self.class_sizes)
        )
        n_all = int(self.n_items.sum())
        return JoinedPairs(n_joined, n_same, n_positive, n_all * (n_all - 1) // 2 - n_positive)


class JoinedPairs(NamedTuple):
    """Pairs of two items of one component, and all pairs.

    Parameters
    ----------
    joined, joined_positive
        Pairs inside components, and the same-class pairs among them.
    positive, negative
        All same-class and all different-class pairs.
    """

    joined: int
    joined_positive: int
    positive: int
    negative: int

    @property
    def precision(self) -> float | None:
        """Share of same-class pairs among those inside components; ``None`` without any."""
        return self.joined_positive / self.joined if self.joined else None

    @property
    def tar(self) -> float:
        """Share of all same-class pairs that are inside a component: recall."""
        return self.joined_positive / self.positive

    @property
    def far(self) -> float:
        """Share of all different-class pairs that are inside a component."""
        return (self.joined - self.joined_positive) / self.negative


class TakeOff(NamedTuple):
    """The step at which most items join the largest component.

    Parameters
    ----------
    step
        Position among the pairs of the tree: all up to this one are accepted.
    before, after
        Items of the largest component before the step, and after it.
    """

    step: int
    before: int
    after: int


def largest_sizes(n_items: int, first: IntArray, second: IntArray) -> IntArray:
    """Items of the largest component after each pair of a spanning tree is accepted.

    Parameters
    ----------
    first, second
        Shape ``(n_items - 1,)``, the pairs in the order in which they are accepted.
    """
    root, size = list(range(n_items)), [1] * n_items
    largest, sizes = 1, []
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        while root[one] != one:
            root[one] = one = root[root[one]]
        while root[other] != other:
            root[other] = other = root[root[other]]
        if size[one] < size[other]:
            one, other = other, one
        root[other] = one
        size[one] += size[other]
        largest = max(largest, size[one])
        sizes.append(largest)
    return np.array(sizes, dtype=np.int64)


def take_off(sizes: IntArray, distance: AnyArray, tie: float) -> TakeOff:
    """Find the largest step of the largest component as the threshold rises.

    In percolation this step marks the transition of a finite system: Nagler, Levina and Timme 2011,
    Nature Physics 7, 265-270; Fan et al. 2020, Nature Physics 16, 455-461. Of steps of the same
    height, the first is taken.

    Parameters
    ----------
    sizes
        Shape ``(n_pairs,)``, as from `largest_sizes`.
    distance
        Same shape, of each pair, increasing.
    tie
        Pairs no further apart than this are accepted in one step: rounding may have set them apart.
    """
    last = np.searchsorted(distance, distance.astype(np.float64) + tie, side="right") - 1
    before = np.concatenate([[1], sizes[:-1]])
    at = int(np.argmax(sizes[last] - before))
    return TakeOff(int(last[at]), int(before[at]), int(sizes[last[at]]))


def _sums(groups: IntArray, numbers: IntArray) -> IntArray:
    return np.bincount(groups, weights=numbers).astype(np.int64)
