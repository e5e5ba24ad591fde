"""Whether intervals of FAR and FRR, and thresholds set with confidence, hold for new classes.

Of each set 200 times a tenth of the classes is drawn. On it a threshold is set for a FAR
target, pooled over pairs or as the mean over classes, and the interval taken at that
threshold; on the other nine tenths the rates at the same threshold are counted. Pairs are
formed inside each part.

    OPIS_DATA=folder python benchmarks/far_coverage.py

Sets: glyphs128, debian50 and wordnet384 of that folder, all their classes. Takes about five
minutes and 3 GB. Writes results/far_coverage.json.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from class_pairs import ClassPairs
from scipy.special import stdtrit

from opiscli import read_embeddings
from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.intervals.effective_classes import (
    FEWEST_EFFECTIVE,
    carried_by_few,
    effective_classes,
)
from opiscli.metrics.intervals.rate import interval, upper_bound
from opiscli.metrics.intervals.rate_spread import (
    RateSpread,
    macro_far_spread,
    pooled_far_spread,
    pooled_frr_spread,
)
from opiscli.metrics.rates import false_accept_rate
from opiscli.thresholds.guarantee import assured_threshold

SETS = {"glyphs128": 1e-3, "debian50": 1e-2, "wordnet384": 1e-2}
SPREADS = {"pooled": pooled_far_spread, "macro": macro_far_spread}
DRAWS = 200
CONFIDENCE = 0.95
RESULTS = Path(__file__).parent / "results"


def rates(counts: PairCounts) -> dict[str, np.ndarray]:
    """The rates as defined, without the code whose intervals are judged."""
    positive = (counts.class_sizes * (counts.class_sizes - 1) // 2).sum()
    two = counts.class_sizes > 1
    return {
        "pooled": counts.negative.sum(axis=0) / counts.negative_pairs.sum(),
        "macro": false_accept_rate(counts)[two].mean(axis=0),
        "frr": (positive - counts.positive.sum(axis=0)) / positive,
    }


def binomial(rate: float, n: int) -> tuple[float, float]:
    """Wilson's interval, which takes pairs for independent."""
    z = 1.959964
    centre = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    return centre - reach, centre + reach


def plain_jackknife(counts: PairCounts) -> tuple[float, float]:
    """Delete-one-class jackknife of the log of the pooled FAR, with no allowance."""
    errors, pairs = counts.negative[:, 0], counts.negative_pairs
    k, n, m = errors.sum() / 2, pairs.sum() / 2, len(pairs)
    logs = np.log((k - errors + 0.5) / (n - pairs + 1))
    reach = stdtrit(m - 1, 0.975) * np.sqrt((m - 1) * np.var(logs))
    return k / n * np.exp(-reach), k / n * np.exp(reach)


def holds(bounds: tuple[float, float], truth: float) -> bool:
    return bool(bounds[0] <= truth <= bounds[1])


def at_its_threshold(spread: RateSpread, truth: float) -> dict[str, float | bool]:
    lo, hi = (float(bound[0]) for bound in interval(spread, CONFIDENCE))
    return {
        "held": holds((lo, hi), truth),
        "above": truth > hi,
        "width": (hi - lo) / float(spread.rate[0]),
        "effective": float(spread.effective[0]),
        "warned": bool(spread.effective[0] < FEWEST_EFFECTIVE),
    }


def bound_of(spread_of: Callable[[PairCounts], RateSpread]) -> Callable[[PairCounts], np.ndarray]:
    return lambda counts: upper_bound(spread_of(counts), CONFIDENCE)


def draw(table: ClassPairs, target: float, seed: int) -> dict[str, dict[str, float | bool]]:
    rng = np.random.default_rng(seed)
    n_classes = len(table.sizes)
    chosen = np.zeros(n_classes, dtype=bool)
    chosen[rng.choice(n_classes, n_classes // 10, replace=False)] = True
    ours, others = table.split(chosen)
    here, there = rates(ours), rates(others)
    found = {}
    for average, spread_of in SPREADS.items():
        own = int(np.searchsorted(here[average], target, side="right")) - 1
        one = ours.at(np.array([own]))
        truth = there[average][own]
        row = at_its_threshold(spread_of(one), truth)
        n = int(one.negative_pairs.sum()) // 2
        row["binomial"] = holds(binomial(here[average][own], n), truth)
        row["classes_by_pairs"] = float(effective_classes(one.negative_pairs))
        if average == "pooled":
            row["jackknife"] = holds(plain_jackknife(one), truth)
            frr = at_its_threshold(pooled_frr_spread(one), there["frr"][own])
            frr["classes_by_pairs"] = float(effective_classes(one.positive_pairs))
            n = int(one.positive_pairs.sum())
            row["warned"] |= carried_by_few(one.negative_pairs)
            frr["warned"] |= carried_by_few(one.positive_pairs)
            frr["binomial"] = holds(binomial(here["frr"][own], n), there["frr"][own])
            found["frr"] = frr
        threshold = assured_threshold(ours, ours.thresholds, target, bound_of(spread_of))
        row["given"] = threshold is not None
        if threshold is not None:
            sure = int(np.searchsorted(ours.thresholds, threshold))
            row["attained"] = here[average][sure] / target
            row["within"] = there[average][sure] <= target
        row["plain_within"] = truth <= target
        found[average] = row
    return found


def share(rows: list[dict[str, float | bool]], name: str) -> float:
    return float(np.mean([row[name] for row in rows]))


def summary(rows: list[dict[str, float | bool]]) -> dict[str, float]:
    result = {
        name: share(rows, name)
        for name in ("held", "above", "binomial", "jackknife", "given", "plain_within", "warned")
        if name in rows[0]
    }
    for name in ("width", "effective", "classes_by_pairs"):
        result[f"median_{name}"] = float(np.median([row[name] for row in rows]))
    if "given" in result:
        given = [row for row in rows if row["given"]]
        result["within"] = share(given, "within")
        result["median_attained"] = float(np.median([row["attained"] for row in given]))
    return result


def main() -> None:
    folder = Path(os.environ["OPIS_DATA"])
    results = []
    for name, target in SETS.items():
        items = read_embeddings(str(folder / f"{name}.parquet"))
        table = ClassPairs.of(items, np.geomspace(target / 30, 3.5 * target, 200))
        draws = [draw(table, target, seed) for seed in range(DRAWS)]
        for kind in ("pooled", "macro", "frr"):
            row = {"set": name, "target": target, "rate": kind, "n_classes": items.n_classes // 10}
            results.append(row | summary([found[kind] for found in draws]))
            print(results[-1], flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "far_coverage.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
