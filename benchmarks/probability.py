"""Are the probabilities of `calibrate --probability` right on classes that they were not fitted on?

The classes of each set are divided into two halves: once as its column `split` says, and several
times at random (of glyphs128 only as `split` says, and 600 classes of each half). The probability
is fitted on the pairs of one half, and compared with the pairs of the other half, weighted to the
prevalence; then the other way round. Also, as `project --probability` does, it is stated of each
item of a half and its nearest other, at the share of positive pairs that this half has, and
compared with how often their labels are the same.

    OPIS_DATA=folder python benchmarks/probability.py [SET…]

Takes about five minutes on one processor and 3 GB. Writes results/probability.json.
"""

import json
import os
import sys
from pathlib import Path

import faiss
import numpy as np

import opiscli
from opiscli import EmbeddingSet, read_embeddings
from opiscli.sources import Selection

SETS = ("digits64", "letters32", "sample_wordnet", "debian50", "wordnet384", "glyphs128")
RANDOM_DIVISIONS = {"debian50": 1, "wordnet384": 1, "glyphs128": 0}
MOST_CLASSES = {"glyphs128": 600}
PREVALENCES = (0.1, 1e-3)
BANDS = ((0.0, 0.5), (0.5, 0.9), (0.9, 1.0))
RESULTS = Path(__file__).parent / "results" / "probability.json"


def halves(name: str) -> list[tuple[EmbeddingSet, EmbeddingSet]]:
    path = str(Path(os.environ["OPIS_DATA"]) / f"{name}.parquet")
    found = [(_part(path, "train", name), _part(path, "test", name))]
    items = read_embeddings(path) if RANDOM_DIVISIONS.get(name, 4) else found[0][0]
    for seed in range(RANDOM_DIVISIONS.get(name, 4)):
        is_first = np.random.default_rng(seed).permutation(items.n_classes) < items.n_classes // 2
        chosen = is_first[items.codes]
        found.append((items.subset(np.flatnonzero(chosen)), items.subset(np.flatnonzero(~chosen))))
    return found


def _part(path: str, split: str, name: str) -> EmbeddingSet:
    items = read_embeddings(path, Selection(where=(f"split={split}",)))
    most = min(MOST_CLASSES.get(name, items.n_classes), items.n_classes)
    chosen = np.random.default_rng(0).choice(items.n_classes, most, replace=False)
    return items.subset(np.flatnonzero(np.isin(items.codes, chosen)))


def nearest(items: EmbeddingSet) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each item to its nearest other, and whether that one has the same label."""
    vectors = np.ascontiguousarray(items.vectors)
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    squared, found = index.search(vectors, 2)
    own = found[:, 0] == np.arange(len(vectors))
    other = np.where(own, found[:, 1], found[:, 0])
    distance = np.sqrt(np.maximum(np.where(own, squared[:, 1], squared[:, 0]), 0))
    return np.minimum(distance, 2.0), items.codes[other] == items.codes


def of_nearest(fitted: opiscli.CountedSet, items: EmbeddingSet, share: float) -> dict[str, list]:
    found = opiscli.calibrate(fitted, far=0.1, probability=True, prevalence=share)
    distance, is_same = nearest(items)
    stated = opiscli.probability(found, distance)
    rows = []
    for lo, hi in BANDS:
        inside = (stated >= lo) & ((stated < hi) | (hi == 1))
        n = int(np.count_nonzero(inside))
        rows.append([n, float(stated[inside].sum()), int(np.count_nonzero(is_same[inside]))])
    return {"prevalence": share, "bands": rows}


def measure(name: str) -> dict:
    errors: dict[str, list] = {f"{one:g}": [] for one in PREVALENCES}
    by_nearest = []
    for pair in halves(name):
        counts = [opiscli.count(half, threads=1) for half in pair]
        for i, fitted in enumerate(counts):
            other = counts[1 - i]
            for prevalence in PREVALENCES:
                found = opiscli.calibrate(
                    fitted, far=0.1, probability=True, prevalence=prevalence, eval=other
                ).probability
                errors[f"{prevalence:g}"].append(found)
            table = other.counted.table
            share = table.n_positive / (table.n_positive + table.n_negative)
            by_nearest.append(of_nearest(fitted, pair[1 - i], share))
        print(name, len(by_nearest), flush=True)
    return {
        "set": name,
        "n_items": sum(half.n_items for half in pair),
        "n_classes": sum(half.n_classes for half in pair),
        "measurements": len(by_nearest),
        "pairs": [_summary(float(one), found) for one, found in errors.items()],
        "nearest": _pooled(by_nearest),
    }


def _summary(prevalence: float, found: list) -> dict:
    errors = [one.error for one in found]
    ece = [error.ece.mean for error in errors]
    brier = [error.brier.mean / error.brier_of_prevalence for error in errors]
    bands = []
    for lo, hi in BANDS:
        inside = [
            band for error in errors for band in error.bands
            if lo <= band.lo < hi and band.observed is not None
        ]  # fmt: skip
        weight = sum(band.share for band in inside)
        bands.append({
            "lo": lo, "hi": hi, "share": weight / len(errors),
            "stated": sum(b.share * b.stated for b in inside) / weight if weight else None,
            "observed": sum(b.share * b.observed.mean for b in inside) / weight if weight else None,
            "lowest": min((b.observed.mean for b in inside), default=None),
            "highest": max((b.observed.mean for b in inside), default=None),
        })  # fmt: skip
    return {
        "prevalence": prevalence,
        "steps": [
            min(len(one.distances) for one in found),
            max(len(one.distances) for one in found),
        ],
        "n_positive": [min(e.n_positive for e in errors), max(e.n_positive for e in errors)],
        "n_negative": [min(e.n_negative for e in errors), max(e.n_negative for e in errors)],
        "ece": [float(np.mean(ece)), min(ece), max(ece)],
        "brier_ratio": [float(np.mean(brier)), min(brier), max(brier)],
        "bands": bands,
    }


def _pooled(found: list[dict]) -> dict:
    total = np.sum([one["bands"] for one in found], axis=0)
    shares = [one["prevalence"] for one in found]
    return {
        "prevalence": [min(shares), max(shares)],
        "bands": [
            {"lo": lo, "hi": hi, "n": int(n), "stated": stated / n if n else None,
             "observed": same / n if n else None}
            for (lo, hi), (n, stated, same) in zip(BANDS, total.tolist(), strict=True)
        ],
    }  # fmt: skip


def main() -> None:
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    for name in sys.argv[1:] or SETS:
        known = [one for one in known if one["set"] != name] + [measure(name)]
        known.sort(key=lambda one: SETS.index(one["set"]))
        RESULTS.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    main()
