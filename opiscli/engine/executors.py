"""Works through all tiles, several at a time, and hands the results out one by one."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

from opiscli.embeddings.embedding_set import EmbeddingSet
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
    """Apply a kernel to the block of every tile."""
    return sweep_tiles(
        tiles(items.n_items, side),
        lambda tile: kernel(block(items, tile)),
        n_pairs=items.n_pairs,
        threads=threads,
        stage=stage,
        on_progress=on_progress,
    )


def sweep_tiles(
    over: Iterable[Tile],
    work: Callable[[Tile], Result],
    *,
    n_pairs: int,
    threads: int,
    stage: str,
    on_progress: Progress | None = None,
) -> Iterator[tuple[Tile, Result]]:
    """Do some work on every tile.

    Results come in tile order, and no more than a few are ever waiting. The matrix
    product of each tile is held to one thread, because the tiles are the threads: the
    same tile then has the same bits however many threads there are.
    """
    done = 0
    waiting: deque[tuple[Tile, Future[Result]]] = deque()
    todo = iter(over)
    pool = ThreadPoolExecutor(threads)
    try:
        with threadpool_limits(1, "blas"):
            while True:
                while len(waiting) < 2 * threads and (tile := next(todo, None)):
                    waiting.append((tile, pool.submit(work, tile)))
                if not waiting:
                    return
                tile, future = waiting.popleft()
                yield tile, future.result()
                done += tile.n_pairs
                if on_progress is not None:
                    on_progress(stage, done, n_pairs)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
