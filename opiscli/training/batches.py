"""Draws batches in which every class weighs the same."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet

_ITEMS = 128
"""Of a batch, unless told otherwise."""

_FEWEST_ITEMS = 4


@dataclass(frozen=True, slots=True)
class ClassBalanced:
    """Draws some classes, and the same number of items of each.

    Parameters
    ----------
    starts, sizes
        First item and number of items of each class with two items or more.
    classes_per_batch, items_per_class
        A class with fewer items gives all it has; no item is drawn twice into a batch.
    """

    starts: IntArray
    sizes: IntArray
    classes_per_batch: int
    items_per_class: int

    @classmethod
    def of(
        cls, items: EmbeddingSet, classes_per_batch: int, items_per_class: int | None
    ) -> "ClassBalanced":
        """Draw from the classes that have positive pairs; few classes give more items each."""
        paired = items.class_sizes > 1
        n_classes = min(classes_per_batch, int(np.count_nonzero(paired)))
        each = items_per_class or max(_FEWEST_ITEMS, _ITEMS // n_classes)
        return cls(items.class_starts[paired], items.class_sizes[paired], n_classes, each)

    def draw(self, rng: np.random.Generator) -> IntArray:
        """Positions of the items of one batch, those of a class next to one another."""
        chosen = rng.choice(len(self.sizes), self.classes_per_batch, replace=False, shuffle=False)
        drawn = _distinct(self.sizes[chosen], self.items_per_class, rng)
        return (self.starts[chosen, None] + drawn)[drawn >= 0]


def _distinct(sizes: IntArray, k: int, rng: np.random.Generator) -> IntArray:
    """For each size n, ``min(n, k)`` different numbers below n; -1 fills up to ``k`` columns.

    Floyd's algorithm for all rows at once (Bentley, "A sample of brilliance", CACM 1987).
    """
    drawn = np.full((len(sizes), k), -1, dtype=np.int64)
    fewer = np.minimum(sizes, k)
    for column in range(k):
        last = sizes - fewer + column
        number = rng.integers(0, np.maximum(last, 0) + 1)
        seen = (drawn[:, :column] == number[:, None]).any(axis=1)
        drawn[:, column] = np.where(column < fewer, np.where(seen, last, number), -1)
    return drawn
