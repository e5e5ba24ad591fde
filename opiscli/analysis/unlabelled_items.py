"""Reads items whose labels are optional, and describes them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from opiscli.analysis.inputs import Input, Source, Work
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import COSINE
from opiscli.embeddings.unlabelled import distinct, has_labels, without_labels
from opiscli.errors import EmbeddingError, UsageError
from opiscli.results.unlabelled import ItemData


@dataclass(frozen=True, slots=True, eq=False)
class OptionalLabels:
    """Items that were read, with labels if there are usable ones.

    Parameters
    ----------
    items
        In the order of their classes; without labels, in the order of their source.
    data
        Describes them.
    id_column
        The column of ids among those that were read, if one was found.
    """

    items: EmbeddingSet
    data: ItemData
    id_column: str | None

    @classmethod
    def open(cls, source: Input, work: Work, option: str, **further: Any) -> "OptionalLabels":  # noqa: ANN401
        """Read a source that holds embeddings.

        Parameters
        ----------
        option
            What embeddings are needed for.
        further
            Additional fields of `Selection`.

        Raises
        ------
        UsageError
            If it is an evaluation file.
        """
        opened = source.open(work, needs_labels=False, with_pairs=False, **further)
        items = opened.items(option)
        return cls(items, _described(items, opened.name, opened.where), opened.id_column)

    @property
    def has_labels(self) -> bool:
        """Whether the classes of the items are known."""
        return has_labels(self.items)

    def without_labels(self) -> "OptionalLabels":
        """The same items, as if they had no labels."""
        if not self.has_labels:
            return self
        items = without_labels(self.items)
        data = replace(self.data, n_classes=None, sha256=items.sha256)
        return OptionalLabels(items, data, self.id_column)

    def distinct(self) -> "OptionalLabels":
        """Only the first of items with exactly the same embedding."""
        items = distinct(self.items)
        found = _described(items, self.data.source, self.data.where)
        data = replace(found, n_duplicates=self.data.n_duplicates, duplicates_dropped=True)
        return OptionalLabels(items, data, self.id_column)


def _described(items: EmbeddingSet, source: str, where: tuple[str, ...]) -> ItemData:
    return ItemData(
        source=source,
        where=where,
        n_items=items.n_items,
        dims=items.dims,
        n_classes=items.n_classes if has_labels(items) else None,
        n_duplicates=int(np.count_nonzero(items.repeats)),
        duplicates_dropped=False,
        sha256=items.sha256,
    )


def require_two_sources(first: Input, second: Input) -> None:
    """Raise `UsageError` if both are standard input, which can be read only once."""
    are_files = isinstance(first, Source) and isinstance(second, Source)
    if are_files and first.name == second.name == "-":
        raise UsageError(
            "standard input was given twice, but it can be read only once",
            hint="Save one of the two to a file.",
        )


def require_comparable(items: OptionalLabels, others: OptionalLabels) -> None:
    """Raise `EmbeddingError` if no pair of the two sets has a distance."""
    if items.data.dims != others.data.dims:
        raise EmbeddingError(
            f"{items.data.source} has {items.data.dims:,} dims and {others.data.source}"
            f" {others.data.dims:,}; the numbers must match",
            hint="Embed both with the same model.",
        )
    if items.items.score != others.items.score:
        raise EmbeddingError(
            f"items of {items.data.source} are compared by {items.items.score or COSINE} and those"
            f" of {others.data.source} by {others.items.score or COSINE}; both must be the same",
            hint="Run opis normalize on both with one cohort, or add --no-offset.",
        )
