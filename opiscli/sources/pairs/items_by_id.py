"""Embeddings that are found by their ids, and the distances of pairs of them."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opiscli.arrays import FloatArray, IntArray
from opiscli.distance import Distance
from opiscli.embeddings.cosine import from_cosine_distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.labels import Labels
from opiscli.errors import EmbeddingError
from opiscli.sources import tables
from opiscli.sources.pairs.row_errors import Places, first_true
from opiscli.sources.plain_types import as_label_values
from opiscli.sources.selection import LABEL_NAMES, Selection, require_column, usual_name
from opiscli.sources.table import Table

_VALUES_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class ItemsById:
    """Embeddings whose ids are all different.

    Parameters
    ----------
    items
        The items in the order of their ids, which are the names of their classes.
    label
        Column of their labels, if there is one without missing values.
    """

    items: EmbeddingSet
    label: str | None

    @classmethod
    def of(cls, table: Table, selection: Selection) -> "ItemsById":
        """Read them, with their labels if there are any.

        Raises
        ------
        SourceError
            If there is no column of ids, or of embeddings.
        EmbeddingError
            If an id occurs twice; names both rows.
        """
        names = table.schema.names
        item_id = selection.id or "id"
        require_column(item_id, names, table.name, "--id-column")
        label = selection.label or usual_name(LABEL_NAMES, names)
        if selection.label is not None:
            require_column(label, names, table.name, "--label-column")
        asked = replace(
            selection,
            label=item_id,
            id=None,
            find_id=False,
            labels_file=None,
            with_pairs=False,
            show=(label,) if label in names and label != item_id else (),
        )
        try:
            items = tables.read(table, asked)
        except EmbeddingError as error:
            raise _about_ids(error) from error
        _require_different(items, item_id, table.name)
        labels = items.columns.get(label)
        return cls(items, label if labels is not None and "" not in labels.names else None)

    @cached_property
    def _ids(self) -> pa.Array:
        return pa.array(self.items.names, pa.large_string())

    @property
    def names(self) -> tuple[str, ...]:
        """Ids of all items as texts, in their order."""
        return self.items.names

    @property
    def score(self) -> str:
        """What pairs are compared by, if not by their cosine."""
        return self.items.score

    @property
    def labels(self) -> Labels | None:
        """Labels of the items."""
        return None if self.label is None else self.items.columns[self.label]

    def at(self, column: pa.ChunkedArray, places: Places, start: int) -> IntArray:
        """Positions of items by their ids.

        Raises
        ------
        EmbeddingError
            If there is no such item; names the first one.
        """
        encoded = pc.utf8_trim_whitespace(_as_text(column)).dictionary_encode().combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.chunk(0)
        found = pc.index_in(encoded.dictionary, value_set=self._ids).take(encoded.indices)
        if found.null_count:
            row = first_true(found.is_null())
            raise places.wrong(
                f"names {column[row].as_py()!r}, which is the id of no item of the SOURCE",
                start + row,
                "Check that both come from the same data, and that --id-column names the ids.",
            )
        return np.asarray(found.to_numpy(), dtype=np.int64)

    def distances(self, first: IntArray, second: IntArray, distance: Distance) -> FloatArray:
        """Distances of pairs of items in float64."""
        vectors, offsets = self.items.vectors, self.items.offset_values
        cosine = np.empty(len(first))
        at_once = max(1, _VALUES_AT_ONCE // self.items.dims)
        for start in range(0, len(first), at_once):
            a, b = first[start : start + at_once], second[start : start + at_once]
            difference = np.subtract(vectors[a], vectors[b], dtype=np.float64)
            part = cosine[start : start + at_once]
            part[:] = 0.5 * np.einsum("ij,ij->i", difference, difference)
            if offsets is not None:
                part += offsets[a].astype(np.float64) + offsets[b]
        return from_cosine_distance(cosine, distance)


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return as_label_values(column).cast(pa.large_string())


def _about_ids(error: EmbeddingError) -> EmbeddingError:
    problem = error.problem.replace("label column", "id column").replace("label (", "id (")
    hint = error.hint.replace("--label-column", "--id-column")
    return EmbeddingError(problem, hint=hint, row=error.row)


def _require_different(items: EmbeddingSet, name: str, source: str) -> None:
    repeated = np.flatnonzero(items.class_sizes > 1)
    if len(repeated):
        start = int(items.class_starts[repeated[0]])
        first, second = items.rows[start : start + 2].tolist()
        raise EmbeddingError(
            f"id {items.names[repeated[0]]!r} in column {name!r} of {source} is in row {first:,}"
            f" and in row {second:,} (rows count from 0); ids must be different",
            hint="Drop one of the two rows, or name another column with --id-column.",
            row=second,
        )
