"""R@1 and OPIS of a head on classes it was not trained on."""

from dataclasses import dataclass

from opiscli.counting.request import CountRequest
from opiscli.counting.within import count_within
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.heads import Projection
from opiscli.metrics.noise_floor import FEWEST_ITEMS, noise_floor
from opiscli.metrics.opis import opis
from opiscli.metrics.recall import recall_name
from opiscli.metrics.utility import utility
from opiscli.settings.evaluation import RangeRequest, Utility
from opiscli.settings.resources import Resources

_N_THRESHOLDS = 41
"""OPIS then differs from that on 201 thresholds by less than a percent."""


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores by which heads are compared.

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
    """Computes the scores of heads on one set of items."""

    items: EmbeddingSet
    calibration_range: RangeRequest
    threads: int

    def scores(self, projection: Projection) -> Scores:
        """Compute R@1 and OPIS of the projected items.

        Raises
        ------
        UndefinedMetric
            If the calibration range cannot be formed.
        """
        items = self.items.with_unit_rows(projection.apply(self.items.unit_rows))
        request = CountRequest(Distance.EUCLIDEAN, self.calibration_range, _N_THRESHOLDS, (1,))
        resources = Resources.of_machine(threads=self.threads)
        counted = count_within(items, request, resources)
        if counted.grid is None:
            raise AssertionError("a range that can be formed has a grid")
        grid, sizes = counted.grid, items.class_sizes
        scored, noise = sizes >= FEWEST_ITEMS, 0.0
        if counted.for_noise is None:
            scored = sizes > 1
        else:
            noise = noise_floor(counted.for_noise.of_classes(scored), 1.0, (grid[0], grid[-1]))
        curves = utility(counted.at(grid).of_classes(scored), Utility.TPR_TNR, 1.0)
        hits = counted.retrieval[recall_name(1)].sum() / sizes[sizes > 1].sum()
        return Scores(float(hits), opis(curves, grid) - noise)
