"""Reads tables whose rows are pairs, with a score or with both embeddings."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import pyarrow as pa

from opiscli.distance import Distance
from opiscli.embeddings.pair_scores import PairScores, ScoreKind
from opiscli.errors import SourceError
from opiscli.sources.pair_selection import PairSelection
from opiscli.sources.pairs.assembling import add_all, collecting, labelled, scores_of, selected
from opiscli.sources.pairs.collecting import Block, Collected, in_blocks
from opiscli.sources.pairs.embedding_pairs import DISTANCE, with_distances
from opiscli.sources.pairs.grouping import grouping_of
from opiscli.sources.pairs.layouts import Layout, with_names
from opiscli.sources.pairs.roles import Roles
from opiscli.sources.pairs.score_values import distances_of, require_numbers
from opiscli.sources.plain_types import plain_type
from opiscli.sources.selection import Selection
from opiscli.sources.table import Table


def read_table(
    table: Table, selection: Selection, asked: PairSelection, distance: Distance
) -> PairScores:
    """Read scores, or pairs of embeddings. See `read_pairs`."""
    table, layout = with_names(table, asked)
    if layout is not None and "score" not in layout.names:
        raise SourceError(
            f"{table.name} is a list of trials ({layout}), which has no scores",
            hint="Give it with --trials beside a SOURCE of embeddings: opis evaluate"
            f" embeddings.parquet --trials {table.name}.",
        )
    if layout is not None and layout.is_bob and asked.scores is None:
        asked = replace(asked, scores=ScoreKind.SIMILARITY)
    roles = Roles.of(table.schema, table.name, asked)
    collected = collecting(table, roles, selection, are_lines=layout is not None)
    rows = selected(table, roles, selection)
    batches = rows.batches([*roles.measured, *roles.further])
    if roles.embeddings is None:
        require_numbers(plain_type(table.schema.field(roles.score).type), str(roles.score),
                        table.name)  # fmt: skip
        blocks = _scored(in_blocks(batches), collected)
    else:
        blocks = _measured(with_distances(batches, roles.embeddings, distance, collected.places))
    add_all(collected, blocks, rows)
    is_positive = collected.is_positive.finished()
    grouping = grouping_of(collected, is_positive)
    return scores_of(
        collected,
        is_positive,
        grouping,
        f"{table.name}: {_measure(roles, distance)}, {labelled(roles)}{_as_lines(layout)}",
        score_column=None if layout is not None else roles.score,
        distance=None if roles.embeddings is None else distance,
    )


def _scored(blocks: Iterable[pa.Table], collected: Collected) -> Iterator[Block]:
    start, name = 0, str(collected.roles.score)
    for rows in blocks:
        column = rows.column(name)
        yield Block(rows, distances_of(column, name, collected.kind, collected.places, start))
        start += rows.num_rows


def _measured(batches: Iterable[pa.RecordBatch]) -> Iterator[Block]:
    for rows in in_blocks(batches):
        yield Block(rows, rows.column(DISTANCE).to_numpy())


def _measure(roles: Roles, distance: Distance) -> str:
    if roles.embeddings is not None:
        first, second = roles.embeddings
        return f"pairs are compared by the {distance} distance of {first!r} and {second!r}"
    return f"the scores in column {roles.score!r} are {_PLURAL[roles.kind]}"


def _as_lines(layout: Layout | None) -> str:
    return "" if layout is None else f"; its lines were read as: {layout}"


_PLURAL = {ScoreKind.SIMILARITY: "similarities", ScoreKind.DISTANCE: "distances"}
