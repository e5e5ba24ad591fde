"""How good a head is on classes it was not trained on: R@1 and OPIS, and nothing more."""

from dataclasses import dataclass

import numpy as np

from opiscli.counts.histogram import distance_histogram
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads.projection import Projection
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
"""The mean over the range differs from that of 201 thresholds by less than a percent."""


@dataclass(frozen=True, slots=True)
class Scores:
    """What heads are compared by.

    Parameters
    ----------
    recall
        R@1, in [0, 1].
    opis
        Corrected for noise where there are two classes of four items, else as it is.
    """

    recall: float
    opis: float


@dataclass(frozen=True, slots=True)
class Validation:
    """Scores heads on one set of items, always in the same way."""

    items: EmbeddingSet
    calibration_range: RangeRequest
    threads: int

    def scores(self, projection: Projection) -> Scores:
        """Project the items and measure them.

        Raises
        ------
        UndefinedMetric
            If the calibration range cannot be formed.
        """
        items = self.items.with_unit_rows(projection.apply(self.items.unit_rows))
        histogram = distance_histogram(items, Distance.EUCLIDEAN, side=_SIDE, threads=self.threads)
        grid = np.linspace(*calibration_range(histogram, self.calibration_range), _N_THRESHOLDS)
        counts = count_pairs(items, grid, Distance.EUCLIDEAN, side=_SIDE, threads=self.threads)
        many = counts.class_sizes >= FEWEST_ITEMS
        noise = 0.0
        if np.count_nonzero(many) < 2:
            many = counts.class_sizes > 1
        else:
            noise = noise_floor(counts.of_classes(many), 1.0, (grid[0], grid[-1]))
        curves = utility(counts.of_classes(many), Utility.TPR_TNR, 1.0)
        hits = hits_at(match_ranks(items, 1, threads=self.threads), 1)
        return Scores(float(hits.mean()), opis(curves, grid) - noise)
