"""``opis evaluate`` beside what a user could run instead, each a whole process, in turn.

For every set: opis (everything in the report; and with --ranking), a FAISS search of the two
nearest neighbours (R@1 only), the float32 matrix products of all pairs alone (the limit), the
blocked NumPy loop that a careful user would write (pooled and per-class histograms),
pytorch-metric-learning's AccuracyCalculator (R@1, MAP@R, R-precision) and scikit-learn's
roc_curve over all pairs. The last two are left out, with a note, where they are not installed;
what needs more than half of the memory there is does not run, and says how much it would need.
The slow loop is measured on the first 20,000 items and scaled by the number of pairs.

    pip install scikit-learn pytorch-metric-learning

    python benchmarks/evaluate.py [--runs 3] [--items-at-most 150000]

Sets: sample_data/, every Parquet file of the folder in OPIS_DATA, and synthetic ones of the
size of Stanford Online Products (60k × 512, 11k classes) and iNaturalist (136k × 512, 2.4k
classes). Writes results/evaluate.json.
"""

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
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
    "pml": """
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
codes = np.unique(y, return_inverse=True)[1]
start = time.perf_counter()  # importing torch takes seconds
AccuracyCalculator(
    include=("precision_at_1", "mean_average_precision_at_r", "r_precision"),
    k="max_bin_count",
    device=torch.device("cpu"),
).get_accuracy(torch.from_numpy(x), torch.from_numpy(codes))
""",
    "roc_curve": """
from sklearn.metrics import roc_curve
start = time.perf_counter()
scores = np.concatenate([x[i + 1:] @ x[i] for i in range(len(x) - 1)])
same = np.concatenate([y[i + 1:] == y[i] for i in range(len(x) - 1)])
roc_curve(same, scores)
""",
}
NEEDS = {"pml": "pytorch_metric_learning", "roc_curve": "sklearn"}

# Measured: peak memory over the number of neighbours or pairs.
PML_BYTES_A_NEIGHBOUR = 60
ROC_BYTES_A_PAIR = 57

INSTALLED = [
    tool for tool in RIVALS if importlib.util.find_spec(NEEDS.get(tool, "numpy")) is not None
]

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
    main(["evaluate", sys.argv[1], "--labels", sys.argv[2], "--json", "--quiet", *EXTRA])
except SystemExit as leaving:
    assert not leaving.code
"""
    + EPILOGUE
)


PACKAGES = ("opiscli", "numpy", "faiss-cpu", "numba", "pytorch-metric-learning", "scikit-learn")


def is_installed(package: str) -> bool:
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


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
    return save(folder, file.stem, items.unit_rows, items.codes)


def run(script: str, x: Path, y: Path, n: int) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", script, str(x), str(y), str(n)],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, megabytes = done.stdout.split("\n")[-2].split()
    return float(seconds), float(megabytes)


def memory_needed(n: int, labels: np.ndarray) -> dict[str, float]:
    """Gigabytes that the rivals which keep everything would take."""
    largest_class = int(np.unique(labels, return_counts=True)[1].max())
    return {
        "pml": n * largest_class * PML_BYTES_A_NEIGHBOUR / 1e9,
        "roc_curve": n * (n - 1) / 2 * ROC_BYTES_A_PAIR / 1e9,
    }


def measure(name: str, x: Path, y: Path, runs: int) -> dict[str, object]:
    n, dims = np.load(x, mmap_mode="r").shape
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2e9
    does_not_fit = {
        tool: round(need, 1)
        for tool, need in memory_needed(n, np.load(y)).items()
        if need > half and tool in INSTALLED
    }
    scripts = {
        "opis": "EXTRA = []\n" + OPIS,
        "opis_ranking": 'EXTRA = ["--ranking"]\n' + OPIS,
    } | {tool: PROLOGUE + RIVALS[tool] + EPILOGUE for tool in INSTALLED if tool not in does_not_fit}
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
        # Like with like: the one rival that computes MAP@R against opis with --ranking.
        "opis_over": {
            tool: round(seconds["opis_ranking" if tool == "pml" else "opis"] / value, 2)
            for tool, value in seconds.items()
            if tool in RIVALS
        },
        "does_not_fit_gb": does_not_fit,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--items-at-most", type=int, default=150_000)
    chosen = options.parse_args()
    for tool in RIVALS.keys() - INSTALLED:
        print(f"{tool} is left out: {NEEDS[tool]} is not installed", file=sys.stderr)
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
        "versions": {name: version(name) for name in PACKAGES if is_installed(name)},
        "runs": chosen.runs,
    }
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "evaluate.json").write_text(json.dumps({**about, "sets": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main()
