"""How often the 95 % intervals of OPIS and ε-OPIS hold the truth, against plain percentiles.

Classes are drawn from a population of utility curves (bumps of random place and width)
whose OPIS is known from 400,000 of them. Writes results/interval_coverage.json.
"""

import json
from pathlib import Path

import numpy as np

from opiscli.metrics.intervals.bootstrap import ClassBootstrap, log_interval, percentile_interval
from opiscli.metrics.opis import epsilon_opis, opis

THRESHOLDS = np.linspace(0, 1, 21)
EPSILON = 0.1
DRAWS = 400
RESULTS = Path(__file__).parent / "results"


def curves(rng: np.random.Generator, n_classes: int, spread: float) -> np.ndarray:
    place = 0.5 + rng.normal(0, spread, n_classes)[:, None]
    width = np.exp(rng.normal(0, 0.25, n_classes))[:, None]
    return 0.95 * np.exp(-(((THRESHOLDS - place) / width) ** 2))


def coverage(n_classes: int, spread: float, truth: dict[str, float]) -> dict[str, float]:
    held = dict.fromkeys(("opis", "opis_percentile", "eps", "eps_percentile"), 0)
    for seed in range(DRAWS):
        u = curves(np.random.default_rng(seed + 1), n_classes, spread)
        plan = ClassBootstrap(n_classes, 500, seed)
        for name, value, resampled, largest in (
            ("opis", opis(u, THRESHOLDS), plan.opis(u, THRESHOLDS), 0.25),
            (
                "eps",
                epsilon_opis(u, THRESHOLDS, EPSILON),
                plan.epsilon_opis(u, THRESHOLDS, EPSILON),
                1.0,
            ),
        ):
            lo, hi = log_interval(value, resampled, n_classes, largest=largest)
            held[name] += lo <= truth[name] <= hi
            lo, hi = percentile_interval(resampled)
            held[f"{name}_percentile"] += lo <= truth[name] <= hi
    return {name: count / DRAWS for name, count in held.items()}


def main() -> None:
    rows = []
    for spread in (0.1, 0.3):
        population = curves(np.random.default_rng(0), 400_000, spread)
        truth = {
            "opis": opis(population, THRESHOLDS),
            "eps": epsilon_opis(population, THRESHOLDS, EPSILON),
        }
        for n_classes in (5, 10, 30, 100, 300):
            row = {"true_opis": truth["opis"], "n_classes": n_classes}
            rows.append(row | coverage(n_classes, spread, truth))
            print(rows[-1])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "interval_coverage.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
