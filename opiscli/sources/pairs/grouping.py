"""Which classes and clusters pairs belong to: what the columns of both sides are."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from opiscli.arrays import AnyArray, BoolArray, Int32Array
from opiscli.embeddings.pair_scores import PairGroups
from opiscli.sources.pairs.coded import Coder, renumber
from opiscli.sources.pairs.collecting import Collected
from opiscli.sources.pairs.components import first_inside, linked_items
from opiscli.sources.pairs.growing import united

NOT_TRANSITIVE = "labels-not-transitive"


class Named(NamedTuple):
    """Groups as they are hashed: names as texts, and groups of each pair on each side."""

    names: pa.Array
    sides: Int32Array

    @property
    def groups(self) -> PairGroups:
        """The same for counting."""
        self.sides.flags.writeable = False
        return PairGroups(tuple(self.names.to_pylist()), self.sides)


@dataclass(slots=True)
class Grouping:
    """What pairs are grouped by, and how that was found out."""

    classes: Named | None = None
    clusters: Named | None = None
    n_items: int | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()

    @property
    def given(self) -> list[Named]:
        """All groups."""
        return [one for one in (self.classes, self.clusters) if one is not None]


def grouping_of(collected: Collected, is_positive: BoolArray) -> Grouping:
    """Decide what the sides are, and form classes and clusters.

    The columns of both sides hold identities if both are equal in same-class pairs: then they are
    the classes. They hold ids of items if these differ in same-class pairs: then items that such
    pairs link, directly or through others, are left out together for confidence intervals.

    Raises
    ------
    EmbeddingError
        If labels of pairs and identities contradict each other; names the first row.
    """
    roles = collected.roles
    found = Grouping()
    if roles.sides is not None:
        found = _of_sides(collected, is_positive, roles.sides)
    if roles.of_class is not None:
        identities = found.classes or found.clusters
        found.classes, found.clusters = _one_sided(collected, "class"), identities
    if roles.cluster is not None:
        found.clusters = _one_sided(collected, "cluster")
    return found


def _one_sided(collected: Collected, role: str) -> Named:
    return _renumbered(collected.codes[role].finished()[None], collected.coders[role])


def _renumbered(sides: AnyArray, coder: Coder) -> Named:
    names, renumbered = coder.sorted_names()
    renumber(sides, renumbered)
    return Named(names, sides)


def _of_sides(collected: Collected, is_positive: BoolArray, columns: tuple[str, str]) -> Grouping:
    are_identities = _are_identities(collected)
    what = f"columns {columns[0]!r} and {columns[1]!r}"
    _require_agreement(collected, columns, are_identities=are_identities)
    sides = united([collected.codes["a"], collected.codes["b"]])
    named = _renumbered(sides, collected.coders["a"])
    if are_identities:
        note = f"{what} hold the classes of both items: they are equal in all same-class pairs"
        return Grouping(classes=named, notes=() if collected.same_values is None else (note,))
    return by_items(
        named, is_positive, f"{what} hold ids of items: they differ in same-class pairs"
    )


def by_items(items: Named, is_positive: BoolArray, note: str) -> Grouping:
    """Group pairs of items of unknown classes for confidence intervals.

    Parameters
    ----------
    note
        Says what was taken for ids.
    """
    n_items = len(items.names)
    group = linked_items(items.sides, is_positive, n_items)
    row = first_inside(group, items.sides, is_positive)
    if row is not None:
        first, second = (items.names[int(side[row])].as_py() for side in items.sides)
        warning = (
            f"labels are not transitive: {first!r} and {second!r} are linked by same-class pairs,"
            " but labelled as different classes; confidence intervals leave out one item at a time"
            " and may be too narrow"
        )
        return Grouping(None, items, n_items, (note,), ((NOT_TRANSITIVE, warning),))
    used, of_item = np.unique(group, return_inverse=True)
    sides = items.sides
    renumber(sides, of_item.astype(np.int32))
    note = (
        f"{note}; confidence intervals leave out one of {len(used):,} groups of items linked by"
        " same-class pairs at a time"
    )
    return Grouping(None, Named(items.names.take(pa.array(used)), sides), n_items, (note,))


def _are_identities(collected: Collected) -> bool:
    known = collected.roles.are_identities
    agreement = collected.agreement
    return agreement.n_same_equal > agreement.n_same_unequal if known is None else known


def _require_agreement(
    collected: Collected, columns: tuple[str, str], *, are_identities: bool
) -> None:
    agreement = collected.agreement
    row = agreement.contradiction if are_identities else agreement.different_equal
    if row is None or collected.same_values is None:
        return
    is_same = row != agreement.different_equal
    said = collected.same_values.written(same=is_same)
    of_pair = f"says {'the same class' if is_same else 'different classes'}"
    of_sides = f"{columns[0]} and {columns[1]} {'differ' if is_same else 'are equal'}"
    raise collected.places.wrong(
        f"contradicts itself: {collected.roles.same} is {said}, which {of_pair}, but {of_sides}",
        row,
        "Correct or drop the row, or name other columns with --same-column, --a-column and"
        " --b-column.",
    )
