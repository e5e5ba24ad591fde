"""``opis evaluate`` beside what a user could run instead, each a whole process, in turn.

For every set: opis (everything in the report), a FAISS search of the two nearest
neighbours (R@1 only), the float32 matrix products of all pairs alone (the limit), and the
blocked NumPy loop that a careful user would write (pooled and per-class histograms).
The slow loop is measured on the first 20,000 items and scaled by the number of pairs.

    python benchmarks/evaluate.py [--runs 3] [--items-at-most 150000]

Sets: sample_data/, every Parquet file of the folder in OPIS_DATA, and synthetic ones of the
size of Stanford Online Products (60k × 512, 11k classes) and iNaturalist (136k × 512, 2.4k
classes). Writes results/evaluate.json.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
LOOP_ITEMS = 20_000

RIVALS = {
    "faiss_k2": """
import faiss
index = faiss.IndexFlatIP(x.shape[1])
index.add(x)
index.search(x, 2)
""",
    "products": """
side = 4096
out = np.empty(side * side, dtype=np.float32)
for i in range(0, len(x), side):
    for j in range(i, len(x), side):
        a, b = x[i:i + side], x[j:j + side]
        if i < j:
            np.matmul(a, b.T, out=out[:len(a) * len(b)].reshape(len(a), len(b)))
        else:  # half of a square on the diagonal
            h = len(a) // 2
            np.matmul(a[:h], b.T, out=out[:h * len(b)].reshape(h, len(b)))
""",
    "numpy_loop": """
codes = np.unique(y, return_inverse=True)[1]
n_bins, side = 1024, 1000
positive = np.zeros((codes.max() + 1, n_bins), dtype=np.int64)
negative = np.zeros_like(positive)
for i in range(0, len(x), side):
    s = x[i:i + side] @ x.T
    bins = (np.sqrt(np.maximum(2 - 2 * s, 0)) * (n_bins / 2.001)).astype(np.int64)
    same = codes[i:i + side, None] == codes
    keys = codes[i:i + side, None] * n_bins + bins
    positive += np.bincount(keys[same], minlength=positive.size).reshape(positive.shape)
    negative += np.bincount(keys[~same], minlength=positive.size).reshape(positive.shape)
""",
}

# VmHWM, because ru_maxrss of a child starts from the size of the process that started it.
PEAK = """
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1e3
"""
PROLOGUE = """
import sys, time
import numpy as np
x, y = np.load(sys.argv[1], mmap_mode="r"), np.load(sys.argv[2])
n = int(sys.argv[3])
x, y = np.array(x[:n]), y[:n]
start = time.perf_counter()
"""
EPILOGUE = "seconds = time.perf_counter() - start\n" + PEAK + "print(seconds, peak)\n"
OPIS = (
    """
import sys, time
start = time.perf_counter()
from opiscli.cli import main
try:
    main(["evaluate", sys.argv[1], "--labels", sys.argv[2], "--json", "--quiet"])
except SystemExit as leaving:
    assert not leaving.code
"""
    + EPILOGUE
)


def synthetic(folder: Path, name: str, n: int, dims: int, n_classes: int) -> tuple[str, Path, Path]:
    rng = np.random.default_rng(0)
    labels = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)])
    centres = rng.normal(size=(n_classes, dims)).astype(np.float32)
    centres += rng.normal(size=(n_classes, 12)).astype(np.float32) @ rng.normal(
        size=(12, dims)
    ).astype(np.float32)
    x = np.empty((n, dims), dtype=np.float32)
    for start in range(0, n, 8192):
        block = centres[labels[start : start + 8192]]
        x[start : start + 8192] = block + 2.5 * rng.normal(size=block.shape).astype(np.float32)
    return save(folder, name, x, labels)


def save(folder: Path, name: str, x: np.ndarray, labels: np.ndarray) -> tuple[str, Path, Path]:
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    np.save(folder / f"{name}.npy", x.astype(np.float32))
    np.save(folder / f"{name}_labels.npy", labels)
    return name, folder / f"{name}.npy", folder / f"{name}_labels.npy"


def real(folder: Path, file: Path) -> tuple[str, Path, Path]:
    from opiscli import read_embeddings

    items = read_embeddings(str(file))
    return save(folder, file.stem, items.unit, items.codes)


def run(script: str, x: Path, y: Path, n: int) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(x), str(y), str(n)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, megabytes = done.stdout.split("\n")[-2].split()
    return float(seconds), float(megabytes)


def measure(name: str, x: Path, y: Path, runs: int) -> dict[str, object]:
    n, dims = np.load(x, mmap_mode="r").shape
    scripts = {"opis": OPIS} | {k: PROLOGUE + v + EPILOGUE for k, v in RIVALS.items()}
    seen: dict[str, list[tuple[float, float]]] = {tool: [] for tool in scripts}
    for _ in range(runs):  # in turn, so that a slow minute of the machine hits all alike
        for tool, script in scripts.items():
            part = min(n, LOOP_ITEMS) if tool == "numpy_loop" else n
            seconds, megabytes = run(script, x, y, part)
            seen[tool].append((seconds * (n / part) ** 2, megabytes))
    seconds = {tool: statistics.median(s for s, _ in runs_) for tool, runs_ in seen.items()}
    return {
        "set": name,
        "n_items": n,
        "dims": dims,
        "n_classes": len(np.unique(np.load(y))),
        "data_mb": round(n * dims * 4 / 1e6),
        "seconds": {tool: round(value, 2) for tool, value in seconds.items()},
        "peak_mb": {tool: round(max(m for _, m in runs_)) for tool, runs_ in seen.items()},
        "opis_ns_per_pair": round(seconds["opis"] / (n * (n - 1) / 2) * 1e9, 2),
        "opis_over": {
            tool: round(seconds["opis"] / value, 2)
            for tool, value in seconds.items()
            if tool != "opis"
        },
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--items-at-most", type=int, default=150_000)
    chosen = options.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = [HERE.parent / "sample_data" / "wordnet.parquet"]
        if data := os.environ.get("OPIS_DATA"):
            files += sorted(Path(data).glob("*.parquet"), key=lambda file: file.stat().st_size)
        sets = [lambda file=file: real(folder, file) for file in files]
        sets += [
            lambda: synthetic(folder, "synthetic20k", 20_000, 384, 1_000),
            lambda: synthetic(folder, "like_sop", 60_000, 512, 11_000),
            lambda: synthetic(folder, "like_inaturalist", 136_000, 512, 2_400),
        ]
        for make in sets:
            name, x, y = make()
            if len(np.load(x, mmap_mode="r")) <= chosen.items_at_most:
                rows.append(measure(name, x, y, chosen.runs))
                print(json.dumps(rows[-1]), flush=True)
            x.unlink()
    about = {
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "date": time.strftime("%Y-%m-%d"),
        "versions": {name: version(name) for name in ("opiscli", "numpy", "faiss-cpu", "numba")},
        "runs": chosen.runs,
    }
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "evaluate.json").write_text(json.dumps({**about, "sets": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
