"""R@1 and OPIS of a head on classes it was not trained on."""

from dataclasses import dataclass, replace

import numpy as np

from opiscli.counts.histogram import distance_histogram
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads import Projection
from opiscli.metrics.noise_floor import FEWEST_ITEMS, noise_floor
from opiscli.metrics.opis import opis
from opiscli.metrics.recall import hits_at
from opiscli.metrics.utility import utility
from opiscli.neighbours.match_ranks import match_ranks
from opiscli.pairs.plain import count_pairs
from opiscli.settings.evaluation import Distance, RangeRequest, Utility
from opiscli.thresholds.at_rate import calibration_range

_SIDE = 512
_N_THRESHOLDS = 41
"""OPIS then differs from that on 201 thresholds by less than a percent."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores that heads are compared by.

    Parameters
    ----------
    recall
        R@1, in [0, 1].
    opis
        Corrected for noise if two classes have four items or more, else uncorrected.
    """

    recall: float
    opis: float


@dataclass(frozen=True, slots=True)
class Validation:
    """Scores heads on one set of items."""

    items: EmbeddingSet
    calibration_range: RangeRequest
    threads: int

    def scores(self, projection: Projection) -> Scores:
        """R@1 and OPIS of the projected items.

        Raises
        ------
        UndefinedMetric
            If the calibration range cannot be formed.
        """
        items = replace(self.items, unit=projection.apply(self.items.unit))
        histogram = distance_histogram(items, Distance.EUCLIDEAN, side=_SIDE, threads=self.threads)
        grid = np.linspace(*calibration_range(histogram, self.calibration_range), _N_THRESHOLDS)
        counts = count_pairs(items, grid, Distance.EUCLIDEAN, side=_SIDE, threads=self.threads)
        scored = counts.class_sizes >= FEWEST_ITEMS
        noise = 0.0
        if np.count_nonzero(scored) < 2:
            scored = counts.class_sizes > 1
        else:
            noise = noise_floor(counts.of_classes(scored), 1.0, (grid[0], grid[-1]))
        curves = utility(counts.of_classes(scored), Utility.TPR_TNR, 1.0)
        hits = hits_at(match_ranks(items, 1, threads=self.threads), 1)
        return Scores(float(hits.mean()), opis(curves, grid) - noise)
