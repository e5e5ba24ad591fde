"""Sets classes aside for validation: no class is both trained on and validated on."""

import numpy as np

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError

_ENOUGH_CLASSES = 10
"""Validation classes that are worth up to half of all, because OPIS is their variance."""

_MOST_ITEMS = 4000
"""Of the validation classes: they are evaluated again and again."""


def class_disjoint(
    items: EmbeddingSet, fraction: float, seed: int
) -> tuple[EmbeddingSet, EmbeddingSet]:
    """Split into training and validation classes, drawn at random.

    Classes of one item are trained on. With few classes up to half of them go to
    validation; of very many items only as many classes as hold a few thousand.

    Parameters
    ----------
    fraction
        Share of the classes that validate, in (0, 1).

    Raises
    ------
    EmbeddingError
        If fewer than four classes have two items.
    """
    paired = np.flatnonzero(items.class_sizes > 1)
    if len(paired) < 4:
        raise EmbeddingError(
            f"{len(paired)} classes have two items or more, expected at least four:"
            " two to train on and two to validate on",
            hint="Add classes, or name validation data with --val.",
        )
    order = np.random.default_rng(seed).permutation(paired)
    wanted = max(round(fraction * len(paired)), min(len(paired) // 2, _ENOUGH_CLASSES), 2)
    within = int(np.searchsorted(np.cumsum(items.class_sizes[order]), _MOST_ITEMS)) + 1
    n_classes = min(wanted, len(paired) - 2, max(within, _ENOUGH_CLASSES))
    held_out = np.isin(items.codes, order[:n_classes])
    return items.subset(~held_out), items.subset(held_out)
