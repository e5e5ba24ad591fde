"""Accepted pairs of every pair of classes, so that subsets of classes are counted at once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from opiscli import EmbeddingSet
from opiscli.counts.pair_counts import PairCounts

SIDE = 3000


@dataclass(frozen=True)
class ClassPairs:
    """Counts by pair of classes and bin between thresholds, each pair of classes both ways.

    Rows of the table are sorted by ``one``; those of class c are ``starts[c]:starts[c + 1]``.
    """

    thresholds: np.ndarray
    sizes: np.ndarray
    starts: np.ndarray
    other: np.ndarray
    bins: np.ndarray
    counts: np.ndarray
    positive: np.ndarray

    @classmethod
    def of(cls, items: EmbeddingSet, fars: np.ndarray) -> "ClassPairs":
        """Count at thresholds whose FAR is about ``fars``, increasing."""
        similarity = _similarities_at(items, fars)
        n_classes, n_bins = items.n_classes, len(similarity)
        codes = items.codes.astype(np.int64)
        ascending = similarity[::-1].copy()
        negative: list[tuple[np.ndarray, np.ndarray]] = []
        positive = np.zeros(n_classes * n_bins)
        for i in range(0, items.n_items, SIDE):
            for j in range(i, items.n_items, SIDE):
                block = items.unit_rows[i : i + SIDE] @ items.unit_rows[j : j + SIDE].T
                near = np.flatnonzero(block >= ascending[0])
                row, column = np.divmod(near, block.shape[1])
                bins = n_bins - np.searchsorted(ascending, block.ravel()[near], side="right")
                row, column = row + i, column + j
                one, other = codes[row], codes[column]
                same = one == other
                inside = same & (row < column)
                positive += np.bincount(
                    one[inside] * n_bins + bins[inside], minlength=n_classes * n_bins
                )
                between = ~same & (row < column)
                keys = (one[between] * n_classes + other[between]) * n_bins + bins[between]
                negative.append(np.unique(keys, return_counts=True))
            negative = [_summed(negative)]
        keys, counts = negative[0]
        pairs, bins = np.divmod(keys, n_bins)
        one, other = np.divmod(pairs, n_classes)
        one, other = np.concatenate([one, other]), np.concatenate([other, one])
        order = np.argsort(one, kind="stable")
        return cls(
            thresholds=np.sqrt(2 - 2 * similarity.astype(np.float64)),
            sizes=items.class_sizes,
            starts=np.searchsorted(one[order], np.arange(n_classes + 1)),
            other=other[order].astype(np.int32),
            bins=np.concatenate([bins, bins])[order].astype(np.int16),
            counts=np.concatenate([counts, counts])[order].astype(np.int32),
            positive=np.cumsum(positive.reshape(n_classes, n_bins), axis=1).astype(np.int64),
        )

    @cached_property
    def negative(self) -> np.ndarray:
        """Accepted negative pairs with one end in each class, by threshold."""
        one = np.repeat(np.arange(len(self.sizes)), np.diff(self.starts))
        return self._by_class(one, self.bins, self.counts)

    def split(self, chosen: np.ndarray) -> tuple[PairCounts, PairCounts]:
        """Counts of the chosen classes and of the others, pairs being formed inside each part."""
        classes = np.flatnonzero(chosen)
        rows = np.concatenate([np.arange(self.starts[c], self.starts[c + 1]) for c in classes])
        one = np.repeat(classes, self.starts[classes + 1] - self.starts[classes])
        other, bins, counts = self.other[rows], self.bins[rows], self.counts[rows]
        inside = chosen[other]
        ours = self._by_class(one[inside], bins[inside], counts[inside])
        reaching_us = self._by_class(other[~inside], bins[~inside], counts[~inside])
        return self._part(chosen, ours), self._part(~chosen, self.negative - reaching_us)

    def _part(self, chosen: np.ndarray, negative: np.ndarray) -> PairCounts:
        sizes = self.sizes[chosen]
        return PairCounts(
            thresholds=self.thresholds,
            class_sizes=sizes,
            positive_pairs=sizes * (sizes - 1) // 2,
            negative_pairs=sizes * (sizes.sum() - sizes),
            positive=self.positive[chosen],
            negative=negative[chosen],
        )

    def _by_class(self, codes: np.ndarray, bins: np.ndarray, counts: np.ndarray) -> np.ndarray:
        shape = (len(self.sizes), len(self.thresholds))
        cells = codes.astype(np.int64) * shape[1] + bins
        table = np.bincount(cells, weights=counts, minlength=shape[0] * shape[1]).reshape(shape)
        return np.cumsum(table, axis=1).round().astype(np.int64)


def _similarities_at(items: EmbeddingSet, fars: np.ndarray) -> np.ndarray:
    """Decreasing similarities, from four million pairs drawn at random."""
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, items.n_items, (2, 4_000_000))
    negative = items.codes[one] != items.codes[other]
    one, other = one[negative], other[negative]
    similarity = np.concatenate(
        [
            np.einsum(
                "ij,ij->i",
                items.unit_rows[one[s : s + 100_000]],
                items.unit_rows[other[s : s + 100_000]],
            )
            for s in range(0, len(one), 100_000)
        ]
    )
    return np.unique(np.quantile(similarity, 1 - fars))[::-1].astype(np.float32)


def _summed(tables: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """One table of sorted keys with their counts added up."""
    keys = np.concatenate([keys for keys, _ in tables])
    counts = np.concatenate([counts for _, counts in tables])
    order = np.argsort(keys, kind="stable")
    keys, counts = keys[order], counts[order]
    first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
    return keys[first], np.add.reduceat(counts, first)
