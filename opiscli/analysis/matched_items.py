"""The same items under two models, matched by id or by row."""

from dataclasses import dataclass

import numpy as np

from opiscli.analysis.unlabelled_items import OptionalLabels
from opiscli.arrays import IntArray
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.labels import Labels
from opiscli.embeddings.unlabelled import labels_of, taken
from opiscli.errors import EmbeddingError, UsageError


@dataclass(frozen=True, slots=True, eq=False)
class MatchedItems:
    """Common items of two sources, in one order.

    Parameters
    ----------
    old, new
        The same items under each model; classes are those of both.
    n_only_old, n_only_new
        Items that the other source does not have.
    labels_from
        The source that the labels are of; ``None`` if there are none.
    n_relabelled
        Items whose label in the other source differs.
    """

    old: EmbeddingSet
    new: EmbeddingSet
    n_only_old: int
    n_only_new: int
    labels_from: str | None
    n_relabelled: int

    @classmethod
    def of(cls, old: OptionalLabels, new: OptionalLabels, *, by_row: bool) -> "MatchedItems":
        """Match the items of two sources; labels are those of the new one, if it has some.

        Raises
        ------
        EmbeddingError
            If an id is there twice, or no id is in both.
        UsageError
            If there are no ids, or by row and the sources have different numbers of rows.
        """
        at_old, at_new = _rows(old, new) if by_row else _by_id(old, new)
        ours, theirs = (
            None if found is None else found.take(at)
            for found, at in ((labels_of(old.items), at_old), (labels_of(new.items), at_new))
        )
        labels = ours if theirs is None else theirs
        source = old if theirs is None else new
        return cls(
            old=taken(old.items, at_old, labels),
            new=taken(new.items, at_new, labels),
            n_only_old=old.data.n_items - len(at_old),
            n_only_new=new.data.n_items - len(at_new),
            labels_from=None if labels is None else source.data.source,
            n_relabelled=_n_different(ours, theirs),
        )


def _rows(old: OptionalLabels, new: OptionalLabels) -> tuple[IntArray, IntArray]:
    if old.data.n_items != new.data.n_items:
        raise UsageError(
            f"{old.data.source} has {old.data.n_items:,} rows and {new.data.source}"
            f" {new.data.n_items:,}; items can be matched by row only if the numbers are equal",
            hint="Match them by id: leave --by-row out, and name a column with --id-column.",
        )
    return np.argsort(old.items.rows), np.argsort(new.items.rows)


def _by_id(old: OptionalLabels, new: OptionalLabels) -> tuple[IntArray, IntArray]:
    """Positions of the common items, in the order of their rows in the old source."""
    ours, theirs = _ids(old), _ids(new)
    place = {name: at for at, name in enumerate(theirs)}
    common = [at for at in np.argsort(old.items.rows).tolist() if ours[at] in place]
    if not common:
        raise EmbeddingError(
            f"no id of {old.data.source} (such as {ours[0]!r}) is among those of"
            f" {new.data.source} (such as {theirs[0]!r})",
            hint="Name the columns that hold the same ids with --id-column.",
        )
    found = [place[ours[at]] for at in common]
    return np.array(common, dtype=np.int64), np.array(found, dtype=np.int64)


def _ids(of: OptionalLabels) -> list[str]:
    """The id of each item, as text."""
    if of.id_column is None:
        raise UsageError(
            f"{of.data.source} has no column of ids, by which items of the two models are matched",
            hint="Name it with --id-column; if both sources hold the same items in the same order,"
            " add --by-row.",
        )
    column = of.items.columns[of.id_column]
    counts = np.bincount(column.codes)
    if counts.max() > 1:
        twice = int(np.argmax(counts > 1))
        raise EmbeddingError(
            f"id {column.names[twice]!r} is {counts[twice]} times in column {of.id_column!r} of"
            f" {of.data.source}, expected every id once",
            hint="Keep one row per id, or name another column with --id-column.",
        )
    return [column.names[code] for code in column.codes.tolist()]


def _n_different(ours: Labels | None, theirs: Labels | None) -> int:
    """How many items have another label in the second source."""
    if ours is None or theirs is None:
        return 0
    names = (np.array(one.names, dtype=object)[one.codes] for one in (ours, theirs))
    return int(np.count_nonzero(np.not_equal(*names)))
