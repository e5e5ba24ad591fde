"""Whether intervals of FPIR and FNIR hold for new classes, and whether a margin helps.

FPIR depends on the gallery, so the truth is for the same gallery. Of each set 200 times some
classes are drawn. They are searched among each other, as within one set, and a threshold is set for
an FPIR; the interval is taken at that threshold. The truth is the FPIR of all items of the other
classes at this threshold, searched among the drawn classes, and their FNIR if their own class is
added to the gallery.

The margin: `opis calibrate --criterion fpir=RATE --margin auto --holdout 0.5` on each set.

    OPIS_DATA=folder python benchmarks/identification_coverage.py [coverage|margin]

Takes about half an hour and 3 GB. Writes results/identification_coverage.json.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

import opiscli
from opiscli import EmbeddingSet, read_embeddings
from opiscli.metrics.intervals.bootstrap import ClassBootstrap, percentile_interval
from opiscli.metrics.intervals.rate import rate_interval, rule_of_three
from opiscli.metrics.intervals.search_rate import search_interval

DRAWS = int(os.environ.get("DRAWS", "200"))
TARGETS = (0.01, 0.03, 0.1)
SETS = {"wordnet384": (300, 1000), "glyphs128": (300, 1000)}
PER_CLASS = {"glyphs128": 8}
"""Items per class, where all of them would take too long."""

MARGIN_SETS = ("letters32", "debian50", "wordnet384", "glyphs128")
MOST_ITEMS = 6000
REPEATS = 10
RESULTS = Path(__file__).parent / "results"


def few_per_class(items: EmbeddingSet, n: int | None) -> EmbeddingSet:
    """The first items of every class."""
    rank = np.arange(items.n_items) - np.repeat(items.class_starts, items.class_sizes)
    return items if n is None else items.subset(np.flatnonzero(rank < n))


def nearest_of_each_class(items: EmbeddingSet) -> np.ndarray:
    """Cosine distance of every item to the nearest other item of every class."""
    rows, found = items.unit_rows, np.empty((items.n_items, items.n_classes), np.float32)
    for start in range(0, items.n_items, 1000):
        block = 1 - rows[start : start + 1000] @ rows.T
        block[np.arange(len(block)), np.arange(start, start + len(block))] = 9
        found[start : start + 1000] = np.minimum.reduceat(block, items.class_starts, axis=1)
    return found


def by_class(codes: np.ndarray, values: np.ndarray, n_classes: int) -> np.ndarray:
    return np.bincount(codes, weights=values, minlength=n_classes)


def intervals(
    errors: np.ndarray, searches: np.ndarray, kind: str
) -> dict[str, tuple[float, float]]:
    """Of the same counts by class: opis's interval and two that treat classes as independent."""
    k, n = int(errors.sum()), int(searches.sum())
    bounds = percentile_interval(ClassBootstrap(len(errors), 400, 0).share(errors, searches))
    return {
        "opis": search_interval(errors, searches, in_twos=kind == "fpir"),
        "jackknife": rate_interval(errors.astype(np.int64), searches, k, n),
        "bootstrap": (0.0, rule_of_three(len(errors))) if k == 0 else bounds,
    }


def coverage(name: str, n_classes: int) -> dict[str, dict[str, Any]]:
    items = few_per_class(read_embeddings(os.path.join(os.environ["OPIS_DATA"], f"{name}.parquet")),
                          PER_CLASS.get(name))  # fmt: skip
    near, codes, of_all = nearest_of_each_class(items), items.codes, items.n_classes
    own = near[np.arange(items.n_items), codes].copy()
    near[np.arange(items.n_items), codes] = 9
    rng = np.random.default_rng(0)
    rows: dict[tuple[str, float], list[dict[str, float]]] = {}
    for _ in range(DRAWS):
        drawn = np.zeros(of_all, dtype=bool)
        drawn[rng.choice(of_all, n_classes, replace=False)] = True
        other, inside = near[:, drawn].min(axis=1), drawn[codes]
        for target in TARGETS:
            sample = np.sort(other[inside])
            threshold = sample[max(int(target * len(sample)), 1) - 1]
            wrong = {
                "fpir": (other <= threshold, np.ones(len(other), dtype=bool)),
                "fnir": (~((own < other) & (own <= threshold)), own < 9),
            }
            for kind, (errors, searched) in wrong.items():
                some = inside & searched
                truth = errors[~inside & searched].mean()
                counts = [
                    by_class(codes[some], of, of_all)[drawn]
                    for of in (errors[some].astype(float), np.ones(some.sum()))
                ]
                kept = counts[1] > 0
                k, n = counts[0][kept], counts[1][kept].astype(np.int64)
                row = {"estimate": k.sum() / n.sum(), "truth": truth}
                for method, (lo, hi) in intervals(k, n, kind).items():
                    row[f"{method} holds"] = float(lo <= truth <= hi)
                    row[f"{method} width"] = (hi - lo) / truth
                rows.setdefault((kind, target), []).append(row)
    return {
        f"{kind} at fpir={target}": {
            name: float((np.median if "width" in name else np.mean)([row[name] for row in found]))
            for name in found[0]
        }
        for (kind, target), found in rows.items()
    }


def margins(name: str) -> dict[str, dict[str, Any]]:
    """With and without a margin, on held-out classes."""
    items = read_embeddings(os.path.join(os.environ["OPIS_DATA"], f"{name}.parquet"))
    order = np.random.default_rng(0).permutation(items.n_classes)
    kept = order[np.cumsum(items.class_sizes[order]) <= MOST_ITEMS]
    if items.n_classes < 100:  # few large classes: some items of all
        items = few_per_class(items, MOST_ITEMS // items.n_classes)
    else:
        items = items.subset(np.flatnonzero(np.isin(items.codes, kept)))
    found = {}
    for target in (0.01, 0.05):
        point = opiscli.calibrate(
            items, criterion=f"fpir={target}", margin="auto", holdout=0.5, repeats=REPEATS
        ).operating_points[0]
        seen, held = point.identification, point.holdout.margin
        found[f"fpir={target}"] = {
            "n_items": items.n_items,
            "n_classes": items.n_classes,
            "margin": seen.margin,
            "fnir": seen.fnir.value,
            "fnir alone": seen.threshold_alone and seen.threshold_alone.fnir.value,
            "held-out": held and asdict(held),
        }
    return found


def keep(part: str, name: str, found: dict[str, dict[str, Any]]) -> None:
    """Add a result to the file."""
    file = RESULTS / "identification_coverage.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    results.setdefault(part, {})[name] = found
    file.write_text(json.dumps({**results, "draws": DRAWS}, indent=1) + "\n")


def main(parts: list[str]) -> None:
    if "coverage" in parts:
        for name, sizes in SETS.items():
            for n_classes in sizes:
                keep("coverage", f"{name}, {n_classes} classes", coverage(name, n_classes))
    if "margin" in parts:
        for name in MARGIN_SETS:
            keep("margin", name, margins(name))


if __name__ == "__main__":
    main(sys.argv[1:] or ["coverage", "margin"])
