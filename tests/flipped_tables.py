"""Reads tables in which random bytes were changed: flipped_tables.py SEED N. Prints what happened.

Run in a process of its own, because what it looks for is that the process ends.
"""

import io
import sys
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

from opiscli import OpisError, read_embeddings
from opiscli.sources import Selection

N, DIMS, ROWS_OF_BATCH = 24, 4, 8


def small_table():
    vectors = np.random.default_rng(0).normal(size=(N, DIMS)).astype(np.float32)
    texts = [f"class {at // 4}" for at in range(N)]
    return pa.table(
        {
            "embedding": pa.array(list(vectors), pa.list_(pa.float32())),
            "label": pa.array(texts).dictionary_encode(),
            "text": pa.array(texts),
        }
    )


def contents(kind):
    table, sink = small_table(), io.BytesIO()
    if kind == "parquet":
        pq.write_table(table, sink)
    elif kind == "feather":
        feather.write_feather(table, sink, compression="lz4")
    else:
        new = pa.ipc.new_file if kind == "arrow" else pa.ipc.new_stream
        with new(sink, table.schema) as writer:
            writer.write_table(table, ROWS_OF_BATCH)
    return sink.getvalue()


def flipped(whole, rng):
    changed = bytearray(whole)
    for at in rng.integers(len(whole), size=rng.integers(1, 3)):
        changed[at] ^= 1 << rng.integers(8)
    return bytes(changed)


def outcome(changed):
    selection = Selection(show=("text",), with_pairs=False, memory_limit=10**9)
    try:
        items = read_embeddings("-", selection, contents=changed)
    except OpisError as refused:
        return f"exit {refused.exit_code}"
    return f"{items.n_items} rows"


def main(seed, n_files):
    for kind in ("parquet", "arrow", "stream", "feather"):
        rng = np.random.default_rng(seed)
        whole = contents(kind)
        counts = Counter(outcome(flipped(whole, rng)) for _ in range(n_files))
        sys.stdout.write(f"{kind}: {', '.join(f'{one} × {n}' for one, n in counts.items())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
