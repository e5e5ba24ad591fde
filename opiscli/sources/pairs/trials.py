"""Compares those pairs of items that a list of trials names by their ids."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from opiscli.arrays import AnyArray, BoolArray, Int32Array
from opiscli.distance import Distance
from opiscli.embeddings.pair_scores import PairScores
from opiscli.errors import SourceError, UsageError
from opiscli.sources.pair_selection import PairSelection
from opiscli.sources.pairs.assembling import add_all, collecting, labelled, scores_of, selected
from opiscli.sources.pairs.coded import renumber
from opiscli.sources.pairs.collecting import Block, in_blocks
from opiscli.sources.pairs.components import few_pairs
from opiscli.sources.pairs.grouping import Grouping, Named, by_items, grouping_of
from opiscli.sources.pairs.growing import Growing, united
from opiscli.sources.pairs.items_by_id import ItemsById
from opiscli.sources.pairs.layouts import with_names
from opiscli.sources.pairs.roles import Roles
from opiscli.sources.pairs.row_errors import Places, first_true
from opiscli.sources.selection import Selection
from opiscli.sources.table import Table


def read_trials(
    table: Table, trials: Table, selection: Selection, asked: PairSelection, distance: Distance
) -> PairScores:
    """Read embeddings, and measure the pairs that a list names. See `read_pairs`.

    Parameters
    ----------
    table
        Embeddings with ids.
    trials
        The list.
    """
    _require_no_scores(asked)
    trials, layout = with_names(trials, asked)
    if layout is not None and "score" in layout.names:
        raise SourceError(
            f"{trials.name} has scores ({layout}), expected a list of trials such as 'label id id'",
            hint=f"Give it as SOURCE instead: opis evaluate {trials.name}.",
        )
    roles = Roles.of_trials(trials.schema.names, trials.name, asked)
    items = ItemsById.of(table, selection)
    every = Selection(memory_limit=selection.memory_limit)
    collected = collecting(trials, replace(roles, sides=None), every, are_lines=layout is not None)
    measuring = _Trials(items, roles.sides or ("a", "b"), distance, collected.places)
    positions = [Growing(np.int32, collected.memory_limit) for _ in measuring.sides]
    rows = selected(trials, roles, every)
    blocks = in_blocks(rows.batches(roles.further))
    add_all(collected, measuring.measured(blocks, positions), rows)
    is_positive = collected.is_positive.finished()
    grouping = grouping_of(collected, is_positive)
    sides = _used(united(positions), len(items.names))
    grouping = _grouped(grouping, items, sides, is_positive, collected.places)
    found = f"{table.name}: pairs of {trials.name} are compared, {labelled(roles)}"
    return replace(
        scores_of(collected, is_positive, grouping, found, distance=distance), score=items.score
    )


def _require_no_scores(asked: PairSelection) -> None:
    for option in ("--score-column", "--scores"):
        if option in asked.given:
            raise UsageError(
                f"{option} was given with --trials, whose pairs are compared by their embeddings",
                hint=f"Leave {option} out.",
            )


@dataclass(frozen=True)
class _Trials:
    """Measures the pairs of a list; ``sides`` are the columns of the ids of both items."""

    items: ItemsById
    sides: tuple[str, str]
    distance: Distance
    places: Places

    def measured(self, blocks: Iterator[pa.Table], positions: list[Growing]) -> Iterator[Block]:
        """Each block with the distances of its pairs; keep the positions of their items."""
        start = 0
        for rows in blocks:
            a, b = (self._at(rows.column(name), name, start) for name in self.sides)
            if (itself := a == b).any():
                row = first_true(itself)
                problem = f"compares {self.items.names[int(a[row])]!r} with itself"
                raise self.places.wrong(problem, start + row, "Drop this pair.")
            for kept, side in zip(positions, (a, b), strict=True):
                kept.append(side)
            yield Block(rows, self.items.distances(a, b, self.distance))
            start += rows.num_rows

    def _at(self, column: pa.ChunkedArray, name: str, start: int) -> AnyArray:
        self.places.require_all(column, "id", name, start)
        return self.items.at(column, self.places, start)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Items of all pairs, by their place among those that occur, and which these are."""

    items: AnyArray
    of_pairs: Int32Array


def _used(positions: Int32Array, n_items: int) -> _Sides:
    is_used = np.zeros(n_items, dtype=bool)
    for side in positions:
        for some in few_pairs(len(side)):
            is_used[side[some]] = True
    renumber(positions, (np.cumsum(is_used) - 1).astype(np.int32))
    return _Sides(np.flatnonzero(is_used), positions)


def _grouped(
    grouping: Grouping,
    items: ItemsById,
    sides: _Sides,
    is_positive: BoolArray,
    places: Places,
) -> Grouping:
    """Add the classes of labelled items, or else groups of items that trials link."""
    names = pa.array(items.names, pa.large_string()).take(pa.array(sides.items))
    if items.labels is None:
        found = by_items(
            Named(names, sides.of_pairs), is_positive, "the items of SOURCE have no labels"
        )
    else:
        codes = items.labels.codes[sides.items]
        used, of_item = np.unique(codes, return_inverse=True)
        labels = pa.array(items.labels.names, pa.large_string()).take(pa.array(used))
        renumber(sides.of_pairs, of_item.astype(np.int32))
        found = Grouping(Named(labels, sides.of_pairs), n_items=len(names))
        _require_same_labels(found, is_positive, places, items.label or "label")
    return Grouping(
        grouping.classes or found.classes,
        grouping.clusters or (found.classes if grouping.classes else found.clusters),
        found.n_items,
        found.notes,
        found.warnings,
    )


def _require_same_labels(
    found: Grouping, is_positive: BoolArray, places: Places, name: str
) -> None:
    """Raise `EmbeddingError` if a trial says other than the labels of its items."""
    assert found.classes is not None
    names, sides = found.classes
    for some in few_pairs(len(is_positive)):
        first, second = (side[some] for side in sides)
        if (against := (first == second) != is_positive[some]).any():
            row = first_true(against)
            said = "the same class" if is_positive[some][row] else "different classes"
            both = " and ".join(repr(names[int(side[row])].as_py()) for side in (first, second))
            raise places.wrong(
                f"says {said}, but column {name!r} of the SOURCE has the labels {both}",
                some.start + row,
                "Correct the list, or name the column of identities with --label-column.",
            )
