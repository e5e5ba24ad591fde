"""How a candidate performs on classes that its head was not trained on, class by class."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from opiscli.arrays import FloatArray
from opiscli.counting.at_far import counts_at_far
from opiscli.counting.request import CountRequest
from opiscli.counting.within import count_within
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.errors import UndefinedMetric
from opiscli.metrics.noise_floor import FEWEST_ITEMS, noise_floor
from opiscli.metrics.opis import mean_over_range, opis
from opiscli.metrics.recall import recall_name
from opiscli.metrics.utility import utility
from opiscli.settings.evaluation import RangeRequest, Utility
from opiscli.settings.resources import Resources

_N_THRESHOLDS = 41
"""OPIS then differs from that on 201 thresholds by less than a percent."""


class Numbers(NamedTuple):
    """OPIS, R@1 and TAR; floats, or one entry per resample."""

    opis: FloatArray
    recall: FloatArray
    tar: FloatArray


@dataclass(frozen=True, slots=True)
class Judgement:
    """Counts of the classes of one set, from which resamples of them are computed.

    Parameters
    ----------
    scores, grid
        Shapes ``(n_classes, n_thresholds)`` and ``(n_thresholds,)``, class scores over the
        calibration range.
    hits, queries
        Shape ``(n_classes,)``, items whose nearest neighbour is of their class, and all items.
    accepted, positives
        Shape ``(n_classes,)``, positive pairs at the threshold for the FAR, and all.
    noise
        Sampling noise of OPIS and OPIS itself on the classes of four items or more, and how
        many these are; ``None`` if they are fewer than two.
    """

    scores: FloatArray
    grid: FloatArray
    hits: FloatArray
    queries: FloatArray
    accepted: FloatArray
    positives: FloatArray
    noise: tuple[float, float, int] | None

    @property
    def n_classes(self) -> int:
        """Number of classes with two items or more."""
        return len(self.scores)

    @classmethod
    def of(
        cls,
        items: EmbeddingSet,
        calibration_range: RangeRequest,
        at_far: float,
        resources: Resources,
    ) -> "Judgement":
        """Count all pairs of a set.

        Parameters
        ----------
        at_far
            False-accept rate of the threshold at which TAR is measured.

        Raises
        ------
        UndefinedMetric
            If the calibration range cannot be formed, or the FAR is not attainable.
        """
        request = CountRequest(
            Distance.EUCLIDEAN, calibration_range, _N_THRESHOLDS, (1,), fars=(at_far,)
        )
        counted = count_within(items, request, resources)
        if counted.grid is None:
            raise UndefinedMetric(
                f"no thresholds have the false-accept rates {calibration_range} of these items",
                hint="Give larger bounds with --far-range LO:HI.",
            )
        grid, sizes, noise = counted.grid, items.class_sizes, None
        paired, scored = sizes > 1, sizes >= FEWEST_ITEMS
        if counted.for_noise is not None:
            by_chance = noise_floor(counted.for_noise.of_classes(scored), 1.0, (grid[0], grid[-1]))
            scores = utility(counted.at(grid).of_classes(scored), Utility.TPR_TNR, 1.0)
            noise = by_chance, opis(scores, grid), len(scores)
        at_far_counts = counts_at_far(counted, at_far).of_classes(paired)
        return cls(
            scores=utility(counted.at(grid).of_classes(paired), Utility.TPR_TNR, 1.0),
            grid=grid,
            hits=counted.retrieval[recall_name(1)][paired],
            queries=sizes[paired].astype(np.float64),
            accepted=at_far_counts.positive[:, 0].astype(np.float64),
            positives=at_far_counts.positive_pairs.astype(np.float64),
            noise=noise,
        )


def pooled(parts: Sequence[Judgement], weights: Sequence[FloatArray] | None = None) -> Numbers:
    """OPIS, R@1 and TAR of several sets together, each through a head of its own.

    Class scores are centred by the mean of their own set, whose thresholds are its own; then all
    classes count once. R@1 and TAR are over all items and all positive pairs.

    Parameters
    ----------
    weights
        Shape ``(n_resamples, n_classes)`` per set: how often each class was drawn. Without
        them every class once, and the numbers have shape ``(1,)``.
    """
    if weights is None:
        weights = [np.ones((1, part.n_classes)) for part in parts]
    spread: FloatArray = np.zeros(len(weights[0]))
    sums = np.zeros((5, len(weights[0])))
    for part, times in zip(parts, weights, strict=True):
        n_drawn = times.sum(axis=1)
        first, second = times @ part.scores, times @ part.scores**2
        spread += mean_over_range(second - first**2 / n_drawn[:, None], part.grid)
        columns = np.array([part.hits, part.queries, part.accepted, part.positives])
        sums += [n_drawn, *(columns @ times.T)]
    n_classes, hits, queries, accepted, positives = sums
    return Numbers(spread / n_classes, hits / queries, accepted / positives)


def pooled_corrected(parts: Sequence[Judgement]) -> float | None:
    """OPIS of several sets minus its sampling noise, on the classes of four items or more."""
    known = [part.noise for part in parts if part.noise is not None]
    if len(known) < len(parts):
        return None
    n_classes = sum(n for _, _, n in known)
    return sum(n * (raw - noise) for noise, raw, n in known) / n_classes


def draws(parts: Sequence[Judgement], n_resamples: int, seed: int) -> list[FloatArray]:
    """Draw the classes of each set with replacement, the same for every candidate."""
    rng = np.random.default_rng(seed)
    sizes = [part.n_classes for part in parts]
    return [
        rng.multinomial(n, np.full(n, 1 / n), size=n_resamples).astype(np.float64) for n in sizes
    ]
