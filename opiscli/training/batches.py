"""Class-balanced batches: the same number of items from every class."""

from dataclasses import dataclass

import numpy as np

from opiscli.arrays import IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet

_ITEMS = 128
"""In a batch, unless set otherwise."""

_FEWEST_ITEMS = 4


@dataclass(frozen=True, slots=True)
class ClassBalanced:
    """Draws random classes and the same number of items from each.

    Parameters
    ----------
    starts, sizes
        First item and number of items of each class with two items or more.
    classes_per_batch, items_per_class
        A class with fewer items contributes all; no item is drawn twice into a batch.
    """

    starts: IntArray
    sizes: IntArray
    classes_per_batch: int
    items_per_class: int

    @classmethod
    def from_items(
        cls, items: EmbeddingSet, classes_per_batch: int, items_per_class: int | None
    ) -> "ClassBalanced":
        """Use the classes with positive pairs; with few classes, draw more items from each."""
        paired = items.class_sizes > 1
        n_classes = min(classes_per_batch, int(np.count_nonzero(paired)))
        each = items_per_class or max(_FEWEST_ITEMS, _ITEMS // n_classes)
        return cls(items.class_starts[paired], items.class_sizes[paired], n_classes, each)

    def draw(self, rng: np.random.Generator) -> IntArray:
        """Positions of the items of one batch, grouped by class."""
        chosen = rng.choice(len(self.sizes), self.classes_per_batch, replace=False, shuffle=False)
        drawn = _distinct(self.sizes[chosen], self.items_per_class, rng)
        return (self.starts[chosen, None] + drawn)[drawn >= 0]


def _distinct(sizes: IntArray, k: int, rng: np.random.Generator) -> IntArray:
    """Draw ``min(n, k)`` distinct numbers below n for each size n; pad with -1 to ``k`` columns.

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
