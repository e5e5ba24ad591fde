"""Cuts blocks, or joins them, into tasks for workers in other processes.

There are enough tasks for each worker that unequal ones finish together, and no more than that:
the counts of a task that is twice as long per side take half the bytes per pair. A block is cut
only between tiles, so every product has the same bits as in one process.
"""

import math
from collections import defaultdict
from collections.abc import Iterator

from opiscli.engine.space import Block, PairSpace
from opiscli.engine.tiles import COLUMNS, ROWS

_PER_WORKER = 16
"""Tasks of each worker: at the end, a slow one is waited for no longer than for one task."""

_MOST_JOINED = 4
"""Blocks per side of a task: its counts take some tens of megabytes."""

_LONGEST_SIDE = (1 << 16) - 1
"""An item may have as many pairs in a task as 16 bits can count."""

_STEP = math.lcm(ROWS, COLUMNS)


def portions(space: PairSpace, blocks: list[Block], n_workers: int) -> list[Block]:
    """Cut or join blocks for a number of workers; the largest come first."""
    wanted = _PER_WORKER * n_workers
    joined = min(math.isqrt(len(blocks) // wanted), _MOST_JOINED)
    if joined > 1:
        blocks = _joined(space, blocks, joined)
    elif len(blocks) < wanted:
        blocks = _cut(space, blocks, wanted)
    return sorted(blocks, key=lambda block: -block.n_pairs)


def _cut(space: PairSpace, blocks: list[Block], wanted: int) -> list[Block]:
    longest = max(max(_length(one.rows), _length(one.columns)) for one in blocks)
    n_pairs = sum(block.n_pairs for block in blocks)
    side = min(longest, math.isqrt(n_pairs // wanted))
    side = max(_STEP, side // _STEP * _STEP)
    return [piece for block in blocks for piece in _pieces(space, block, side)]


def _pieces(space: PairSpace, block: Block, side: int) -> Iterator[Block]:
    for rows in _parts(block.rows, side):
        for columns in _parts(block.columns, side):
            piece = Block(rows, columns, space.pairs_of(rows, columns))
            if piece.n_pairs and (not space.same_class_only or space.has_positives(piece)):
                yield piece


def _joined(space: PairSpace, blocks: list[Block], n: int) -> list[Block]:
    """Join neighbouring blocks, ``n`` by ``n``; a block that would be too long stays alone."""
    at_rows, at_columns = (
        {start: i // n for i, start in enumerate(sorted({one.start for one in of_blocks}))}
        for of_blocks in ([b.rows for b in blocks], [b.columns for b in blocks])
    )
    groups: dict[tuple[int, int], list[Block]] = defaultdict(list)
    for block in blocks:
        groups[at_rows[block.rows.start], at_columns[block.columns.start]].append(block)
    return [one for group in groups.values() for one in _together(group)]


def _together(group: list[Block]) -> list[Block]:
    rows, columns = _hull([one.rows for one in group]), _hull([one.columns for one in group])
    if len(group) == 1 or max(_length(rows), _length(columns)) > _LONGEST_SIDE:
        return group
    return [Block(rows, columns, sum(one.n_pairs for one in group), tuple(group))]


def _hull(slices: list[slice]) -> slice:
    return slice(min(one.start for one in slices), max(one.stop for one in slices))


def _parts(whole: slice, side: int) -> list[slice]:
    starts = range(whole.start, whole.stop, side)
    return [slice(start, min(start + side, whole.stop)) for start in starts]


def _length(one: slice) -> int:
    return int(one.stop - one.start)
