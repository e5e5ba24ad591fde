"""Measures how often the band of a DET curve holds the truth, on classes drawn anew each time."""

import json
from pathlib import Path

import numpy as np

from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.intervals.det import frr_interval_at_far

RESULTS = Path(__file__).parent / "results" / "det_coverage.json"
THRESHOLDS = np.linspace(0.2, 1.7, 120)
FARS = np.array([1e-3, 1e-2, 1e-1])
DIMS = 12


def draw(rng, n_classes):
    """Classes of 5 to 14 items, some wide and some narrow, and their counts."""
    sizes = rng.integers(5, 15, n_classes)
    labels = np.repeat(np.arange(n_classes), sizes)
    width = 0.5 * np.exp(0.35 * rng.normal(size=n_classes))[labels]
    centres = rng.normal(size=(n_classes, DIMS))[labels]
    x = centres + width[:, None] * rng.normal(size=(len(labels), DIMS))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    distance = np.sqrt(np.maximum(0, 2 - 2 * x @ x.T))
    np.fill_diagonal(distance, np.inf)
    bins = np.searchsorted(THRESHOLDS, distance.ravel())
    same = np.equal.outer(labels, labels).ravel()
    n_bins = len(THRESHOLDS) + 1
    cells = np.repeat(labels, len(labels)) * n_bins + bins

    def accepted(chosen):
        table = np.bincount(cells[chosen], minlength=n_classes * n_bins)
        return np.cumsum(table.reshape(n_classes, n_bins)[:, :-1], axis=1)

    return PairCounts(
        thresholds=THRESHOLDS,
        class_sizes=sizes,
        positive_pairs=sizes * (sizes - 1) // 2,
        negative_pairs=sizes * (len(labels) - sizes),
        positive=accepted(same) // 2,
        negative=accepted(~same),
    )


def rates(counts):
    """Pooled FAR and FRR at each threshold."""
    far = sum(c.negative.sum(axis=0) for c in counts) / sum(c.negative_pairs.sum() for c in counts)
    tar = sum(c.positive.sum(axis=0) for c in counts) / sum(c.positive_pairs.sum() for c in counts)
    return far, 1 - tar


def main():
    """Take the truth from many large sets, then count how many small sets' bands hold it."""
    rng = np.random.default_rng(0)
    truth = np.interp(FARS, *rates([draw(rng, 300) for _ in range(20)]))
    coverage = {}
    for n_classes, repeats in ((15, 400), (40, 400), (120, 200)):
        hits = np.zeros(len(FARS))
        for _ in range(repeats):
            counts = draw(rng, n_classes)
            far, _ = rates([counts])
            lo, hi = (np.interp(FARS, far, bound) for bound in frr_interval_at_far(counts))
            hits += (lo <= truth) & (truth <= hi)
        coverage[str(n_classes)] = (hits / repeats).tolist()
    result = {"far": FARS.tolist(), "frr": truth.tolist(), "coverage_by_classes": coverage}
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
