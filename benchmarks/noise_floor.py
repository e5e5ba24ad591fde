"""Whether OPIS less its noise floor is the OPIS that many more items a class would show.

Populations of 60 classes, Gaussian around their centres. The truth is the OPIS of the same
classes with 400 items each, mean of 10 draws (0 by symmetry for classes that are all alike);
the mean of 20 draws of few items each is held against it. Writes results/noise_floor.json.
"""

import json
from pathlib import Path

import numpy as np

from opiscli import evaluate

N_CLASSES = 60
MANY, TRUTH_DRAWS = 400, 10
ITEMS = (4, 5, 8, 20, 60)
SEEDS = 20
RESULTS = Path(__file__).parent / "results"


def populations() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Centre and width of each class."""
    rng = np.random.default_rng(0)
    # On the axes, so that every class has the same neighbours.
    axes, even = np.eye(N_CLASSES), np.full(N_CLASSES, 0.15)
    near = rng.normal(size=(N_CLASSES, 24))
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    return {
        "all alike": (axes, even),
        "some a little wider": (axes, even * np.exp(rng.normal(0, 0.15, N_CLASSES))),
        "some wider": (axes, even * np.exp(rng.normal(0, 0.25, N_CLASSES))),
        "some nearer, some wider": (near, 0.2 * np.exp(rng.normal(0, 0.25, N_CLASSES))),
    }


def measure(centres: np.ndarray, widths: np.ndarray, n_items: int, seed: int) -> tuple[float, ...]:
    rng = np.random.default_rng((seed, n_items))
    labels = np.repeat(np.arange(len(centres)), n_items)
    noise = rng.normal(size=(len(labels), centres.shape[1]))
    opis = evaluate(centres[labels] + widths[labels, None] * noise, labels).opis
    return opis.value, opis.noise, opis.corrected


def true_opis(name: str, centres: np.ndarray, widths: np.ndarray) -> float:
    if name == "all alike":
        return 0.0
    draws = range(TRUTH_DRAWS)
    return float(np.mean([measure(centres, widths, MANY, seed)[2] for seed in draws]))


def main() -> None:
    rows = []
    for name, (centres, widths) in populations().items():
        truth = true_opis(name, centres, widths)
        for n_items in ITEMS:
            draws = np.array([measure(centres, widths, n_items, seed) for seed in range(SEEDS)])
            mean = dict(zip(("opis", "noise", "corrected"), draws.mean(axis=0), strict=True))
            row = {"population": name, "n_items": n_items, "truth": truth}
            row["standard_error"] = float(draws[:, 2].std(ddof=1) / np.sqrt(SEEDS))
            rows.append(row | {key: float(value) for key, value in mean.items()})
            print(rows[-1], flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "noise_floor.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
