"""Does the interval of a sampled OPIS hold the exact value, and how far off is the estimate?

Writes ``results/sampling.json``. Needs the set glyphs128 in the folder OPIS_DATA.
"""

import json
import os
import time
from pathlib import Path

import numpy as np

from opiscli import EvaluationSettings, evaluate_items, read_embeddings
from opiscli.settings.resources import Resources
from opiscli.settings.version import __version__

HERE = Path(__file__).parent
SEEDS = 50
SIZES = (100_000_000, 1_000_000_000)


def main() -> None:
    source = Path(os.environ["OPIS_DATA"]) / "glyphs128.parquet"
    items = read_embeddings(str(source))
    resources = Resources.of_machine()
    exact = evaluate_items(items, EvaluationSettings(), resources)
    rows = []
    for n_pairs in SIZES:
        found, seconds = [], []
        for seed in range(SEEDS):
            begin = time.perf_counter()
            settings = EvaluationSettings(sample_pairs=n_pairs, seed=seed)
            found.append(evaluate_items(items, settings, resources))
            seconds.append(time.perf_counter() - begin)
        rows.append(summary(n_pairs, found, exact, seconds))
        print(rows[-1])
    result = {
        "opis_version": __version__,
        "set": "glyphs128",
        "n_items": items.n_items,
        "n_pairs": items.n_pairs,
        "seeds": SEEDS,
        "exact_opis": exact.opis.value,
        "exact_recall_at_1": exact.recall["1"].value,
        "rows": rows,
    }
    (HERE / "results" / "sampling.json").write_text(json.dumps(result, indent=1) + "\n")


def summary(n_pairs, found, exact, seconds) -> dict[str, float]:
    values = np.array([one.opis.value for one in found])
    error = values / exact.opis.value - 1
    recall = np.array([one.recall["1"].value for one in found])
    return {
        "sample_pairs": n_pairs,
        "covers_opis": sum(inside(one.opis.ci, exact.opis.value) for one in found),
        "covers_eps_opis": sum(inside(one.eps_opis.ci, exact.eps_opis.value) for one in found),
        "covers_recall": sum(inside(one.recall["1"].ci, exact.recall["1"].value) for one in found),
        "mean_error": float(error.mean()),
        "largest_error": float(np.abs(error).max()),
        "largest_recall_error": float(np.abs(recall - exact.recall["1"].value).max()),
        "median_seconds": float(np.median(seconds)),
    }


def inside(interval, value) -> bool:
    return bool(interval.lo <= value <= interval.hi)


if __name__ == "__main__":
    main()
