"""Runs a kernel over all tiles, several at a time, and hands the results out one by one."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from opiscli.embeddings import EmbeddingSet
from opiscli.pairs.tiles import Block, Tile, block, tiles

Result = TypeVar("Result")
Progress = Callable[[str, int, int], None]
"""Called with the stage, the pairs done and the pairs in all."""


def sweep(
    items: EmbeddingSet,
    kernel: Callable[[Block], Result],
    *,
    side: int,
    threads: int,
    stage: str,
    on_progress: Progress | None = None,
) -> Iterator[tuple[Tile, Result]]:
    """Apply a kernel to the block of every tile.

    Results come in tile order, and no more than a few are ever waiting. The matrix
    product of each tile is held to one thread, because the tiles are the threads: the
    same tile then has the same bits however many threads there are.
    """
    n_pairs = items.n_items * (items.n_items - 1) // 2
    done = 0

    def work(tile: Tile) -> tuple[Tile, Result]:
        return tile, kernel(block(items, tile))

    waiting: deque[Future[tuple[Tile, Result]]] = deque()
    todo = tiles(items.n_items, side)
    pool = ThreadPoolExecutor(threads)
    try:
        with threadpool_limits(1, "blas"):
            while True:
                while len(waiting) < 2 * threads and (tile := next(todo, None)):
                    waiting.append(pool.submit(work, tile))
                if not waiting:
                    return
                tile, result = waiting.popleft().result()
                yield tile, result
                done += _pairs_in(tile)
                if on_progress is not None:
                    on_progress(stage, done, n_pairs)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _pairs_in(tile: Tile) -> int:
    n_rows: int = tile.rows.stop - tile.rows.start
    n_columns: int = tile.columns.stop - tile.columns.start
    return n_rows * (n_rows - 1) // 2 if tile.rows == tile.columns else n_rows * n_columns
