"""Whether the corrected ε-OPIS is the ε-OPIS that many more items a class would show.

Four populations of 100 classes. The truth is the ε-OPIS of the same classes with 120 items each,
mean of 4 draws; the mean of 32 draws of few items each is held against it. Writes
results/epsilon_opis.json.
"""

import json
from pathlib import Path

import numpy as np

from opiscli import EmbeddingSet, EvaluationSettings, evaluate_items
from opiscli.settings.resources import Resources

N_CLASSES, DIMS = 100, 32
MANY, TRUTH_DRAWS = 120, 4
ITEMS = (4, 5, 8, 12, 20)
SEEDS = 32
SETTINGS = EvaluationSettings(ks=(), n_resamples=100)  # no interval is looked at
RESULTS = Path(__file__).parent / "results"


def populations() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Centre and width of each class."""
    rng = np.random.default_rng(1)
    spread = rng.normal(size=(N_CLASSES, DIMS))
    spread /= np.linalg.norm(spread, axis=1, keepdims=True)
    # In pairs: each of the first fifth has a near neighbour.
    near = spread.copy()
    near[: N_CLASSES // 5] = 0.75 * spread[-N_CLASSES // 5 :] + 0.66 * near[: N_CLASSES // 5]
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    width = 0.17
    few_wide = np.where(np.arange(N_CLASSES) < N_CLASSES // 10, 1.6, 1.0)
    return {
        "widths a little different": (spread, width * np.exp(rng.normal(0, 0.15, N_CLASSES))),
        "widths very different": (spread, width * np.exp(rng.normal(0, 0.35, N_CLASSES))),
        "a tenth far wider": (spread, width * few_wide),
        "some near another": (near, width * np.exp(rng.normal(0, 0.2, N_CLASSES))),
    }


def measure(centres: np.ndarray, widths: np.ndarray, n_items: int, seed: int) -> tuple[float, ...]:
    """Raw and corrected ε-OPIS of one draw."""
    rng = np.random.default_rng((seed, n_items))
    labels = np.repeat(np.arange(len(centres)), n_items)
    noise = rng.normal(size=(len(labels), centres.shape[1]))
    items = EmbeddingSet.from_arrays(centres[labels] + widths[labels, None] * noise, labels)
    eps = evaluate_items(items, SETTINGS, Resources.of_machine()).eps_opis
    return eps.value, eps.corrected


def main() -> None:
    rows = []
    for name, (centres, widths) in populations().items():
        draws = [measure(centres, widths, MANY, seed) for seed in range(TRUTH_DRAWS)]
        truth = float(np.mean([value for value, _ in draws]))
        for n_items in ITEMS:
            found = np.array([measure(centres, widths, n_items, seed) for seed in range(SEEDS)])
            raw, corrected = found.mean(axis=0)
            error = found[:, 1].std(ddof=1) / np.sqrt(SEEDS)
            rows.append(
                {
                    "population": name,
                    "n_items": n_items,
                    "truth": truth,
                    "raw": float(raw),
                    "corrected": float(corrected),
                    "standard_error": float(error),
                }
            )
            print(
                name,
                n_items,
                f"{truth:.4f} {raw / truth:.2f} {corrected / truth:.3f} {error / truth:.3f}",
                flush=True,
            )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "epsilon_opis.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
