"""Class-disjoint split into training and validation items."""

import numpy as np

from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import EmbeddingError
from opiscli.training.settings import Choose, TrainingSettings

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


def training_classes(
    items: EmbeddingSet, settings: TrainingSettings
) -> tuple[EmbeddingSet, EmbeddingSet | None]:
    """Training and validation items, as the settings say; ``None`` for cross-validation.

    Raises
    ------
    EmbeddingError
        If there are too few classes to set some aside.
    """
    if settings.choose is Choose.CROSS_VALIDATION:
        return items, None
    return split_classes(items, settings.val_fraction, settings.seed)


def fold_classes(
    items: EmbeddingSet, n_folds: int, seed: int
) -> list[tuple[EmbeddingSet, EmbeddingSet]]:
    """Pairs of training and unseen items: each class is unseen in one pair, drawn at random.

    Classes of one item are drawn by themselves. There must be two classes of two items per fold.
    """
    rng = np.random.default_rng(seed)
    fold = np.empty(items.n_classes, dtype=np.int64)
    for classes in (items.class_sizes > 1, items.class_sizes == 1):
        drawn = rng.permutation(np.flatnonzero(classes))
        fold[drawn] = np.arange(len(drawn)) % n_folds
    of_item = fold[items.codes]
    return [(items.subset(of_item != k), items.subset(of_item == k)) for k in range(n_folds)]


def at_most(items: EmbeddingSet, n_items: int, seed: int) -> EmbeddingSet:
    """Keep as many classes of two items or more, drawn at random, as hold a number of items.

    At least ten classes are kept, and a smaller set is kept whole.
    """
    if items.n_items <= n_items:
        return items
    order = np.random.default_rng(seed).permutation(np.flatnonzero(items.class_sizes > 1))
    within = int(np.searchsorted(np.cumsum(items.class_sizes[order]), n_items))
    return items.subset(np.isin(items.codes, order[: max(within, _ENOUGH_CLASSES)]))


def set_aside(
    items: EmbeddingSet, fraction: float, seed: int
) -> tuple[EmbeddingSet, EmbeddingSet | None]:
    """Split off classes for a test, drawn at random from those with two items or more.

    Parameters
    ----------
    fraction
        Share of these classes, from 0, which gives ``None``, to less than 1.

    Raises
    ------
    EmbeddingError
        If that leaves fewer than two classes on a side.
    """
    if fraction == 0:
        return items, None
    paired = np.flatnonzero(items.class_sizes > 1)
    n_test = round(fraction * len(paired))
    if not 2 <= n_test <= len(paired) - 2:
        raise EmbeddingError(
            f"--test-fraction {fraction:g} of {len(paired)} classes with two items or more is"
            f" {n_test} classes; at least two are needed for the test and two for training",
            hint="Give another fraction, or add classes.",
        )
    # Another stream of random numbers than that of the parts and of the validation classes.
    chosen = np.random.default_rng([seed, 1]).permutation(paired)[:n_test]
    of_test = np.isin(items.codes, chosen)
    return items.subset(~of_test), items.subset(of_test)


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
