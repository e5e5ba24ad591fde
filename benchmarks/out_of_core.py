"""A set of four times the memory limit is counted within it: its memory, and its time per pair.

    python benchmarks/out_of_core.py [--runs N] [N_ITEMS×DIMS …]

The set is written as float16 Parquet in random order, a few thousand rows at a time, into the
folder of TMPDIR. `opis evaluate` runs on it as a whole process of one thread: in turn with a limit
into which it fits, and with one of a quarter of its float32 coordinates. Memory is the largest
resident set of the process (VmHWM), mapped pages of files included, less that of the same command
on a set of 1 MB: Python, its libraries and the compiled kernel.
"""

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

RESULTS = Path(__file__).with_name("results") / "out_of_core.json"
SETS = ("40000x4096",)
SMALL = (10_001, 25)
"""Enough pairs for the compiled kernel."""

PER_CLASS = 20
TIMES_THE_LIMIT = 4
ROWS_AT_ONCE = 2048

CHILD = """\
import atexit, os, sys, time
start, result = time.perf_counter(), sys.argv.pop()
def measured():
    status = open("/proc/self/status").read().splitlines()
    (peak,) = (int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    took = [time.perf_counter() - start, *os.times()[:2]]
    print(1024 * peak, *took, file=open(result, "w"))
atexit.register(measured)
from opiscli.cli import main
main(sys.argv[1:])
"""


def write(path, n_items, dims):
    """Clusters in random order, as float16."""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(n_items) // PER_CLASS).astype(np.int32)
    kind = pa.list_(pa.float16(), dims)
    schema = pa.schema([("embedding", kind), ("label", pa.int32())])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for start in range(0, n_items, ROWS_AT_ONCE):
            some = labels[start : start + ROWS_AT_ONCE]
            rows = rng.standard_normal((len(some), dims), np.float32)
            for row, label in zip(rows, some.tolist(), strict=True):
                row += np.random.default_rng(label).standard_normal(dims, np.float32)
            lists = pa.array(rows.astype(np.float16).ravel())
            columns = [pa.FixedSizeListArray.from_arrays(lists, dims), pa.array(some)]
            writer.write_table(pa.table(columns, schema=schema))


def evaluated(path, limit):
    """What ``opis evaluate`` prints, and what it takes."""
    with tempfile.NamedTemporaryFile() as measured:
        argv = ["evaluate", str(path), "--json", "--threads", "1", "--memory-limit", str(limit)]
        done = subprocess.run(
            [sys.executable, "-c", CHILD, *argv, measured.name],
            stdout=subprocess.PIPE,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        peak, wall, user, system = (float(one) for one in Path(measured.name).read_text().split())
    return done.stdout, {"peak": int(peak), "wall": wall, "user": user, "system": system}


def measure(folder, n_items, dims, runs):
    path, size = folder / "set.parquet", 4 * n_items * dims
    write(folder / "small.parquet", *SMALL)
    write(path, n_items, dims)
    _, small = evaluated(folder / "small.parquet", 1 << 30)
    fits, limit = 4 * size + (1 << 30), size // TIMES_THE_LIMIT
    found, outputs = {fits: [], limit: []}, set()
    for _ in range(runs):
        for one, took in found.items():
            output, measured = evaluated(path, one)
            outputs.add(output)
            took.append(measured)
            print(n_items, dims, one, measured, file=sys.stderr, flush=True)
    assert len(outputs) == 1, "the limit changed the result"
    return {
        "n_items": n_items,
        "dims": dims,
        "coordinates": size,
        "limit": limit,
        "small_peak": small["peak"],
        "fits": found[fits],
        "on_disk": found[limit],
    }


def main():
    given = sys.argv[1:]
    runs = int(given.pop(given.index("--runs") + 1)) if "--runs" in given else 1
    names = [name for name in given if name != "--runs"] or SETS
    rows = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            n_items, dims = (int(number) for number in name.replace("×", "x").split("x"))
            rows.append(measure(Path(folder), n_items, dims, runs))
        result = {"date": datetime.now(UTC).date().isoformat(), "runs": runs, "rows": rows}
        RESULTS.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
