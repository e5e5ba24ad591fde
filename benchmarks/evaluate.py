"""Seconds and peak memory of ``opis evaluate`` as a whole process, on every set there is.

Reads sample_data/ and the folder in OPIS_DATA. Writes results/evaluate.json.
"""

import json
import os
import platform
import resource
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SAMPLE = HERE.parent / "sample_data" / "wordnet.parquet"


def measure(source: Path) -> dict[str, object]:
    command = [sys.executable, "-m", "opiscli", "evaluate", str(source), "--json", "--quiet"]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    out, _ = process.communicate()
    seconds = time.perf_counter() - start
    result = json.loads(out)
    pairs = result["pairs"]["n_positive"] + result["pairs"]["n_negative"]
    return {
        "set": source.name,
        "n_items": result["data"]["n_items"],
        "dims": result["data"]["dims"],
        "seconds": round(seconds, 2),
        "ns_per_pair": round(1e9 * seconds / pairs, 2),
        # The largest so far, so sets go from small to large.
        "peak_mb": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3),
        "signature": result["signature"],
    }


def main() -> None:
    sources = [SAMPLE]
    if folder := os.environ.get("OPIS_DATA"):
        sources += sorted(Path(folder).glob("*.parquet"), key=lambda file: file.stat().st_size)
    rows = []
    for source in sources:
        rows.append(measure(source))
        print(rows[-1])
    machine = {"machine": platform.machine(), "processors": os.cpu_count()}
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "evaluate.json").write_text(json.dumps({**machine, "runs": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
