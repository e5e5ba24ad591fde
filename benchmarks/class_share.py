"""Whether `--class-share` holds: do at least that many new classes meet the FAR target?

Of each set 200 times a part of the classes is drawn. On it the largest threshold is chosen at which
the upper bound of the share of classes above the FAR target is small enough; on all other classes
this share is counted. Beside it, the same with a bound for independent classes (Clopper and
Pearson), which classes that are compared with each other are not.

    OPIS_DATA=folder python benchmarks/class_share.py

Sets: debian50 and wordnet384 of that folder, and 1,200 classes of glyphs128. Takes about ten
minutes and 3 GB. Writes results/class_share.json.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from class_pairs import ClassPairs

from opiscli import EmbeddingSet, read_embeddings
from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.intervals.share_of_classes import ShareOfClasses, classes_above_far
from opiscli.metrics.rates import false_accept_rate

SETS = {"debian50": 1e-2, "wordnet384": 1e-2, "glyphs128": 1e-3}
MOST_CLASSES = {"glyphs128": 1200}
PARTS = (10, 20)
SHARES = (0.8, 0.9, 0.95)
DRAWS = 200
CONFIDENCE = 0.95
RESULTS = Path(__file__).parent / "results"

Bound = Callable[[ShareOfClasses, int], np.ndarray]


def as_opis(above: ShareOfClasses, n_classes: int) -> np.ndarray:
    return above.upper_bound(CONFIDENCE)


def as_if_independent(above: ShareOfClasses, n_classes: int) -> np.ndarray:
    independent = np.full(above.share.shape, float(n_classes))
    return ShareOfClasses(above.share, independent).upper_bound(CONFIDENCE)


BOUNDS: dict[str, Bound] = {"opis": as_opis, "independent": as_if_independent}


def read(name: str) -> EmbeddingSet:
    items = read_embeddings(str(Path(os.environ["OPIS_DATA"]) / f"{name}.parquet"))
    most = MOST_CLASSES.get(name, items.n_classes)
    chosen = np.random.default_rng(0).choice(items.n_classes, most, replace=False)
    return items.subset(np.isin(items.codes, chosen))


def above_target(counts: PairCounts, target: float) -> np.ndarray:
    """Share of the classes with pairs whose FAR is above the target, at every threshold."""
    return np.mean(false_accept_rate(counts)[counts.class_sizes > 1] > target, axis=0)


def draw(table: ClassPairs, target: float, part: int, seed: int) -> dict[tuple[float, str], float]:
    """Share of other classes above the target, where a threshold is given, by share and bound."""
    n_classes = len(table.sizes)
    chosen = np.zeros(n_classes, dtype=bool)
    rng = np.random.default_rng(seed)
    chosen[rng.choice(n_classes, n_classes // part, replace=False)] = True
    ours, others = table.split(chosen)
    above, there = classes_above_far(ours, target), above_target(others, target)
    found = {}
    for kind, bound in BOUNDS.items():
        bounds = bound(above, int(np.count_nonzero(ours.class_sizes > 1)))
        for share in SHARES:
            within = np.flatnonzero(bounds <= 1 - share)
            if len(within):
                found[share, kind] = float(there[within[-1]])
    return found


def main() -> None:
    rows = []
    for name, target in SETS.items():
        items = read(name)
        table = ClassPairs.of(items, np.geomspace(target / 30, 3.5 * target, 200))
        for part in PARTS:
            draws = [draw(table, target, part, seed) for seed in range(DRAWS)]
            for share in SHARES:
                row = {"set": name, "target": target, "n_classes": items.n_classes // part}
                row["share"] = share
                for kind in BOUNDS:
                    there = [one[share, kind] for one in draws if (share, kind) in one]
                    held = [above <= 1 - share for above in there]
                    row[kind] = {
                        "given": len(there) / DRAWS,
                        "held": float(np.mean(held)) if held else None,
                        "median_above": float(np.median(there)) if there else None,
                    }
                rows.append(row)
                print(row, flush=True)
    (RESULTS / "class_share.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
