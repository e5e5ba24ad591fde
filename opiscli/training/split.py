"""Class-disjoint split into training and validation items."""

import numpy as np

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError

_ENOUGH_CLASSES = 10
"""Validation classes for which up to half of all may be set aside: OPIS is their variance."""

_MOST_ITEMS = 4000
"""In the validation classes, which are evaluated again and again."""


def split_classes(
    items: EmbeddingSet, fraction: float, seed: int
) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Split into training and validation items by drawing whole classes at random.

    Classes of one item are trained on. With few classes up to half of them are set aside;
    of very many items only as many classes as hold a few thousand.

    Parameters
    ----------
    fraction
        Share of the classes to validate on, in (0, 1).

    Raises
    ------
    EmbeddingError
        If fewer than four classes have two items.
    """
    paired = np.flatnonzero(items.class_sizes > 1)
    if len(paired) < 4:
        raise EmbeddingError(
            f"{len(paired)} classes have two items or more; at least four are needed,"
            " two to train on and two to validate on",
            hint="Add classes, or give validation data of other classes with --val.",
        )
    order = np.random.default_rng(seed).permutation(paired)
    wanted = max(round(fraction * len(paired)), min(len(paired) // 2, _ENOUGH_CLASSES), 2)
    within = int(np.searchsorted(np.cumsum(items.class_sizes[order]), _MOST_ITEMS)) + 1
    n_classes = min(wanted, len(paired) - 2, max(within, _ENOUGH_CLASSES))
    held_out = np.isin(items.codes, order[:n_classes])
    return items.subset(~held_out), items.subset(held_out)


def require_other_classes(items: EmbeddingSet, validation_items: EmbeddingSet) -> None:
    """Raise an error if validation items share classes with the training items or differ in dims.

    Raises
    ------
    EmbeddingError
        If they are of another number of dims, or share a class with the training items.
    """
    if items.dims != validation_items.dims:
        raise EmbeddingError(
            f"the training embeddings have {items.dims:,} dims, but"
            f" {validation_items.dims:,} in --val; the numbers must match",
            hint="Both must come from one model.",
        )
    if shared := sorted(set(items.names) & set(validation_items.names)):
        raise EmbeddingError(
            f"{len(shared):,} classes of --val are also trained on, among them {shared[0]!r}",
            hint="Validate on other classes: the head is for classes it has not seen.",
        )
