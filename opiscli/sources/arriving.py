"""Counts rows and bytes as they arrive, for not every source says before what it holds.

Coordinates do not count: those that do not fit into memory are kept on disk.
"""

from collections.abc import Iterable, Iterator, Sequence

import pyarrow as pa

from opiscli.arrays import AnyArray
from opiscli.settings.memory_limit import BYTES_PER_ITEM, require_room
from opiscli.sources.validated import require_all_rows


def arriving(
    read: Iterable[tuple[pa.RecordBatch, AnyArray]],
    kept: Sequence[str],
    n_items: int,
    source: str,
    memory_limit: int | None,
) -> Iterator[AnyArray]:
    """Pass on embeddings as long as they and the columns kept of them fit into memory.

    Parameters
    ----------
    read
        Batches, each with its embeddings ``(any, dims)``.
    kept
        Columns of the batches that are kept until all has been read.
    n_items
        How many rows there must be in all.

    Raises
    ------
    UsageError
        If they do not fit into the memory limit.
    SourceError
        If there are more or fewer rows.
    """
    n_rows, n_bytes = 0, BYTES_PER_ITEM * n_items
    for batch, block in read:
        n_rows += len(block)
        n_bytes += sum(batch.column(name).nbytes for name in kept)
        require_room(n_bytes, source, memory_limit)
        if n_rows > n_items:
            break
        yield block
    require_all_rows(n_rows, n_items, source)
