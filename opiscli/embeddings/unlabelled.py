"""Items without labels, or whose labels are left out or replaced."""

from dataclasses import replace

import numpy as np

from opiscli.arrays import IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.labels import NO_LABELS, Labels
from opiscli.embeddings.unit_rows import CentredRows


def has_labels(items: EmbeddingSet) -> bool:
    """Whether the classes of the items are known."""
    return items.names != NO_LABELS


def labels_of(items: EmbeddingSet) -> Labels | None:
    """The labels of the items, if they have some."""
    return Labels(items.codes, items.names) if has_labels(items) else None


def without_labels(items: EmbeddingSet) -> EmbeddingSet:
    """The same items, as if they had no labels."""
    absent = Labels.absent(items.n_items)
    absent.codes.flags.writeable = False
    return replace(items, codes=absent.codes, names=absent.names)


def taken(items: EmbeddingSet, positions: IntArray, labels: Labels | None) -> EmbeddingSet:
    """Some of the items, with one label for each, or without labels.

    Parameters
    ----------
    positions
        Of the items, in any order.
    labels
        In that order. Items with equal labels keep it.
    """
    rows = CentredRows(items.vectors[positions], items.centre)
    offsets = None if items.offsets is None else items.offsets.take(positions)
    coded = Labels.absent(len(positions)) if labels is None else _used(labels)
    kept = EmbeddingSet.from_rows(rows, coded, with_pairs=False, offsets=offsets)
    return replace(kept, rows=items.rows[positions][kept.rows])


def distinct(items: EmbeddingSet) -> EmbeddingSet:
    """Only the first of items with exactly the same vector; they need not form pairs."""
    kept = ~items.repeats
    labels = labels_of(items)
    return taken(items, kept.nonzero()[0], None if labels is None else labels.take(kept))


def _used(labels: Labels) -> Labels:
    """The same labels without classes that no item is in."""
    return Labels.from_codes(labels.codes, np.array(labels.names, dtype=object))
