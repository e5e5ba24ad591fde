"""A loss that is OPIS itself: smooth rates, and the classes of the whole training set.

    python benchmarks/direct_opis.py

compares its gradient with finite differences.

Over the calibration range, at five evenly spaced thresholds t, pairs at distance d are accepted
with probability sigmoid((t - d) / h), with h = 0.15 of the range. How OPIS changes with the TPR and
the TNR of each class is computed from items of all training classes now and then; how these rates
change with the similarities comes from a batch. The ends of the range are where the FAR is given,
so they move with the negative pairs (implicit function theorem). OPIS: Zhang et al., ICLR 2024,
arXiv:2307.04047.
"""

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from opiscli.heads.unit_length import unit_length
from opiscli.training.losses.parts.distances import euclidean
from opiscli.training.losses.parts.loss import Loss, PairMasks
from opiscli.training.problem import Problem

WIDTH, PER_CLASS, REFERENCES, PAIRS = 0.15, 6, 512, 30_000
STEPS = np.linspace(0, 1, 5)
AREAS = np.array([1, 2, 2, 2, 1]) / 8


@dataclass(frozen=True)
class Slopes:
    """Thresholds, width of acceptance, OPIS, and its derivatives by TPR and TNR of each class."""

    thresholds: np.ndarray
    width: float
    opis: float
    by_tpr: np.ndarray
    by_tnr: np.ndarray


def slopes(thresholds: np.ndarray, width: float, tpr: np.ndarray, tnr: np.ndarray) -> Slopes:
    """Differentiate OPIS of rates of shape ``(n_classes, n_thresholds)``."""
    total = np.maximum(tpr + tnr, 1e-9)
    deviation = 2 * tpr * tnr / total
    deviation -= deviation.mean(axis=0)
    by_score = 2 * deviation * AREAS / len(tpr)
    opis = float((deviation**2).mean(axis=0) @ AREAS)
    return Slopes(
        thresholds,
        width,
        opis,
        by_score * 2 * (tnr / total) ** 2,
        by_score * 2 * (tpr / total) ** 2,
    )


def at_rate(distance: np.ndarray, far: float, width: float) -> float:
    """Find the threshold with this smooth rate of accepted pairs."""
    ends = distance.min() - 40 * width, distance.max() + 40 * width
    return brentq(lambda t: expit((t - distance) / width).mean() - far, *ends, xtol=1e-12)


def of_all_classes(problem: Problem, flat: np.ndarray, rng: np.random.Generator) -> Slopes:
    """From up to six items of each class with pairs, compared with one another and with others."""
    items, views = problem.items, problem.layout.views(flat)
    random = rng.permutation(items.n_items)
    grouped = random[np.argsort(items.codes[random], kind="stable")]
    position = np.arange(items.n_items) - items.class_starts[items.codes[grouped]]
    own = grouped[(position < PER_CLASS) & (items.class_sizes[items.codes[grouped]] > 1)]
    others = random[:REFERENCES]
    vectors, references = (
        unit_length(problem.head.forward(views, items.unit_rows[some])[0])[0]
        for some in (own, others)
    )
    codes, of_others = items.codes[own], items.codes[others]
    negative, _ = euclidean((references @ references.T)[of_others[:, None] < of_others])
    negative = negative[:: 1 + len(negative) // PAIRS]
    lo, hi = np.quantile(negative, problem.settings.far)
    width = float(WIDTH * (hi - lo))
    ends = [at_rate(negative, far, width) for far in problem.settings.far]
    thresholds = ends[0] + STEPS * (ends[1] - ends[0])
    tpr, tnr = [], []
    for rows in np.split(np.arange(len(own)), np.flatnonzero(np.diff(codes)) + 1):
        inside, _ = euclidean((vectors[rows] @ vectors[rows].T)[np.triu_indices(len(rows), 1)])
        across, _ = euclidean(vectors[rows] @ references[of_others != codes[rows[0]]].T)
        near = across[across < thresholds[-1] + 8 * width]  # of others, none is accepted
        tpr.append(expit((thresholds - inside[:, None]) / width).mean(axis=0))
        tnr.append(1 - expit((thresholds - near[:, None]) / width).sum(axis=0) / across.size)
    by_tpr, by_tnr = np.zeros((2, items.n_classes, len(STEPS)))
    found = slopes(thresholds, width, np.array(tpr), np.array(tnr))
    by_tpr[np.unique(codes)], by_tnr[np.unique(codes)] = found.by_tpr, found.by_tnr
    return replace(found, by_tpr=by_tpr, by_tnr=by_tnr)


def opis_loss(similarity: np.ndarray, pairs: PairMasks, codes: np.ndarray, of: Slopes) -> Loss:
    """OPIS, linear in the rates of the classes of a batch, and its gradient by similarities."""
    distance, pullback = euclidean(similarity)
    # A batch has few of the classes; each stands for as many as it leaves out.
    times = np.count_nonzero(of.by_tpr.any(axis=1)) / len(np.unique(codes))
    n_positive, n_negative = (
        (codes[:, None] == codes) @ some.sum(axis=1) for some in (pairs.positive, pairs.negative)
    )

    def column(values: np.ndarray) -> np.ndarray:
        return values[:, None].astype(similarity.dtype)

    gradient, by_threshold = np.zeros_like(distance), np.zeros(len(STEPS))
    for k, threshold in enumerate(of.thresholds.tolist()):
        accepted = expit((threshold - distance) / of.width)
        of_positive = times * of.by_tpr[codes, k] / np.maximum(n_positive, 1)
        of_negative = times * of.by_tnr[codes, k] / np.maximum(n_negative, 1)
        slope = pairs.positive * column(of_positive) - pairs.negative * column(of_negative)
        slope *= accepted * (1 - accepted) / of.width
        gradient -= slope
        by_threshold[k] = slope.sum()
    for end, share in ((0, 1 - STEPS), (-1, STEPS)):
        accepted = expit((float(of.thresholds[end]) - distance) / of.width)
        moves = pairs.negative * accepted * (1 - accepted)
        gradient += moves * (float(by_threshold @ share) / max(float(moves.sum()), 1e-9))
    return Loss(of.opis, pullback(gradient))


def check() -> None:
    """Compare the gradient with differences of the smooth OPIS of all pairs of a small set."""
    rng, codes = np.random.default_rng(0), np.repeat(np.arange(6), 4)
    rows = rng.normal(size=(6, 5))[codes] + rng.normal(size=(24, 5)) * (0.4 + 0.1 * codes[:, None])
    similarity = np.clip(unit_length(rows)[0] @ unit_length(rows)[0].T, -1, 1 - 1e-9)
    pairs, width = PairMasks.from_codes(codes), 0.06

    def rates(similarity: np.ndarray) -> tuple[np.ndarray, ...]:
        distance = np.sqrt(2 - 2 * similarity)
        ends = [at_rate(distance[pairs.negative], far, width) for far in (0.05, 0.3)]
        thresholds = ends[0] + STEPS * (ends[1] - ends[0])
        accepted = expit((thresholds - distance[:, :, None]) / width)
        means = [
            [accepted[(codes == c)[:, None] & m].mean(axis=0) for c in range(6)] for m in masks
        ]
        return thresholds, np.array(means[0]), 1 - np.array(means[1])

    def opis(similarity: np.ndarray) -> float:
        _, tpr, tnr = rates(similarity)
        return float(np.var(2 / (1 / tpr + 1 / tnr), axis=0) @ AREAS)

    masks = (pairs.positive, pairs.negative)
    thresholds, tpr, tnr = rates(similarity)
    gradient = opis_loss(similarity, pairs, codes, slopes(thresholds, width, tpr, tnr)).gradient
    worst = 0.0
    for i, j in combinations(range(24), 2):
        change = np.zeros((24, 24))
        change[i, j] = change[j, i] = 1e-6
        slope = (opis(similarity + change) - opis(similarity - change)) / 2e-6
        worst = max(worst, abs(slope - gradient[i, j] - gradient[j, i]))
    print(f"largest entry {np.abs(gradient).max():.3g}, largest error {worst:.1g}")


if __name__ == "__main__":
    check()
