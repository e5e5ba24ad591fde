"""Pairs with scores, from file to result: seconds and memory for up to a hundred million pairs.

Scores are normal deviates of 1,211 speakers, one pair in ten of the same one. Run it with
``python benchmarks/pair_scores.py 1e6 1e7``; results go to ``results/pair_scores.json``.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).parent
SPEAKERS = 1211
ROWS = 1 << 20


def write_pairs(path: Path, n: int, *, identities: bool) -> None:
    """Write a Parquet file of scores, labels and, if wanted, speakers, some rows at a time."""
    rng = np.random.default_rng(0)
    names = pa.array([f"id{10000 + one}" for one in range(SPEAKERS)])
    writer = None
    for start in range(0, n, ROWS):
        m = min(ROWS, n - start)
        same = rng.random(m) < 0.1
        first = rng.integers(SPEAKERS, size=m)
        other = (first + 1 + rng.integers(SPEAKERS - 1, size=m)) % SPEAKERS
        columns = {
            "same": same,
            "similarity": rng.normal(size=m) + np.where(same, 3.0, 0.0),
        }
        if identities:
            columns["speaker_a"] = names.take(pa.array(first))
            columns["speaker_b"] = names.take(pa.array(np.where(same, first, other)))
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def measured(path: Path, *options: str) -> dict[str, float]:
    """Wall and processor seconds of a command, and the largest part of memory that it held."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "opiscli", *options[:1], str(path), *options[1:]]
    with subprocess.Popen([*command, "--quiet"], stdout=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    assert running.returncode == 0, command
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "seconds": round(time.perf_counter() - start, 1),
        "processor_seconds": round(processor, 1),
        "peak_mb": round(used.ru_maxrss / 1024),
    }


def main(sizes: list[str]) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            for identities in (False, True):
                path = Path(folder) / "pairs.parquet"
                write_pairs(path, int(float(size)), identities=identities)
                for command in (("evaluate",), ("calibrate", "--far", "1e-4")):
                    row = {"pairs": int(float(size)), "identities": identities}
                    row |= {"command": " ".join(command), **measured(path, *command)}
                    print(row, flush=True)
                    rows.append(row)
    result = {"date": datetime.now(UTC).date().isoformat(), "rows": rows}
    (HERE / "results" / "pair_scores.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ["1e6", "1e7"])
