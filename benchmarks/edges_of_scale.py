"""Sets of extreme shapes: time beside the matrix products, and memory.

    python benchmarks/edges_of_scale.py [NAME …]

Each set is written to a temporary folder, `opis evaluate` runs on it as a whole process, and the
float32 products of all its pairs are computed with as many threads.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from threadpoolctl import threadpool_limits

DIMS = 64
SETS = {
    "50,000 classes of 2": np.repeat(np.arange(50_000), 2),
    "200,000 classes of 2": np.repeat(np.arange(200_000), 2),
    "one class of 50,000, 5,000 of 2": np.concatenate(
        [np.zeros(50_000, dtype=int), 1 + np.repeat(np.arange(5_000), 2)]
    ),
}
SIDE, ROWS, COLUMNS = 8192, 1024, 512
THREADS = len(os.sched_getaffinity(0))


def main() -> None:
    names = sys.argv[1:] or list(SETS)
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            path = Path(folder) / "set.parquet"
            vectors = write(SETS[name], path)
            of_products = products(vectors)
            seconds, megabytes = evaluate(path)
            print(
                f"{name}: opis {seconds:.1f} s, products {of_products:.1f} s"
                f" ({seconds / of_products:.2f} times), {megabytes:.0f} MB",
                flush=True,
            )


def write(labels, path: Path):
    """Write clusters in random order; return their vectors."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(labels.max() + 1, DIMS)).astype(np.float32)
    vectors = centres[labels] + 0.8 * rng.normal(size=(len(labels), DIMS)).astype(np.float32)
    order = rng.permutation(len(labels))
    flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors[order].ravel()), DIMS)
    pq.write_table(pa.table({"label": labels[order], "embedding": flat}), path)
    return vectors


def products(vectors) -> float:
    """Seconds for the products of all pairs, in tiles of the size that opis uses."""
    buffers = threading.local()

    def block(corner: tuple[int, int]) -> None:
        if not hasattr(buffers, "room"):
            buffers.room = np.empty((ROWS, COLUMNS), dtype=np.float32)
        for column in range(corner[1], min(corner[1] + SIDE, len(vectors)), COLUMNS):
            for row in range(corner[0], min(corner[0] + SIDE, len(vectors)), ROWS):
                if column + COLUMNS > row:
                    rows, columns = vectors[row : row + ROWS], vectors[column : column + COLUMNS]
                    out = buffers.room.reshape(-1)[: len(rows) * len(columns)]
                    np.matmul(rows, columns.T, out=out.reshape(len(rows), len(columns)))

    starts = range(0, len(vectors), SIDE)
    begin = time.perf_counter()
    with threadpool_limits(1), ThreadPoolExecutor(THREADS) as pool:
        list(
            pool.map(block, [(row, column) for row in starts for column in starts if column >= row])
        )
    return time.perf_counter() - begin


def evaluate(path: Path) -> tuple[float, float]:
    """Seconds and peak megabytes of the whole process."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "opiscli", "evaluate", str(path), "--json", "-q"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, used = os.wait4(process.pid, 0)
    return time.perf_counter() - begin, used.ru_maxrss / 1e3


if __name__ == "__main__":
    main()
