"""How often the 95 % interval of a change holds the true change, classes being the same.

Classes are drawn from a population with two evaluations: utility curves (bumps of random
place and width, those of the second less out of place) and hits at rank one. The true
change is known from 400,000 classes. Writes results/paired_coverage.json.
"""

import json
from pathlib import Path

import numpy as np

from opiscli.metrics.intervals.bootstrap import ClassBootstrap
from opiscli.metrics.intervals.change import difference_interval, ratio_interval
from opiscli.metrics.opis import epsilon_opis, opis

THRESHOLDS = np.linspace(0, 1, 21)
EPSILON = 0.1
DRAWS = 400
RESULTS = Path(__file__).parent / "results"


def two_evaluations(rng: np.random.Generator, n_classes: int) -> tuple[np.ndarray, ...]:
    place, own = rng.normal(0, 0.3, (2, n_classes, 1))
    width = np.exp(rng.normal(0, 0.25, (n_classes, 1)))
    before = 0.95 * np.exp(-(((THRESHOLDS - 0.5 - place) / width) ** 2))
    after = 0.95 * np.exp(-(((THRESHOLDS - 0.5 - 0.7 * place - 0.2 * own) / width) ** 2))
    queries = rng.integers(2, 40, n_classes)
    ease = rng.normal(1, 1.5, n_classes)
    chance = 1 / (1 + np.exp(-ease))
    chance_after = 1 / (1 + np.exp(-ease - 0.3 - rng.normal(0, 0.3, n_classes)))
    hits = rng.binomial(queries, chance).astype(float)
    hits_after = rng.binomial(queries, chance_after).astype(float)
    return before, after, hits, hits_after, queries


def changes(of: tuple[np.ndarray, ...]) -> dict[str, float]:
    before, after, hits, hits_after, queries = of
    return {
        "opis": opis(after, THRESHOLDS) / opis(before, THRESHOLDS),
        "eps": epsilon_opis(after, THRESHOLDS, EPSILON) / epsilon_opis(before, THRESHOLDS, EPSILON),
        "recall": (hits_after.sum() - hits.sum()) / queries.sum(),
    }


def intervals(
    of: tuple[np.ndarray, ...], n_classes: int, seed: int
) -> dict[str, tuple[float, float]]:
    before, after, hits, hits_after, queries = of
    plan = ClassBootstrap(n_classes, 500, seed)
    change = changes(of)
    resampled = {
        "opis": (plan.opis(before, THRESHOLDS), plan.opis(after, THRESHOLDS)),
        "eps": (
            plan.epsilon_opis(before, THRESHOLDS, EPSILON),
            plan.epsilon_opis(after, THRESHOLDS, EPSILON),
        ),
        "recall": (plan.share(hits, queries), plan.share(hits_after, queries)),
    }
    return {
        name: (difference_interval if name == "recall" else ratio_interval)(
            change[name], *both, n_classes
        )
        for name, both in resampled.items()
    }


def main() -> None:
    truth = changes(two_evaluations(np.random.default_rng(0), 400_000))
    rows = []
    for n_classes in (10, 30, 100, 300):
        held = dict.fromkeys(truth, 0)
        for seed in range(DRAWS):
            drawn = two_evaluations(np.random.default_rng(seed + 1), n_classes)
            for name, (lo, hi) in intervals(drawn, n_classes, seed).items():
                held[name] += lo <= truth[name] <= hi
        rows.append({"n_classes": n_classes, "truth": truth})
        rows[-1] |= {name: count / DRAWS for name, count in held.items()}
        print(rows[-1], flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "paired_coverage.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
