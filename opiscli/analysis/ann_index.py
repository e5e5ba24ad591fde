"""The metrics through an approximate index, next to the exact ones, from counts alone."""

import numpy as np

from opiscli.arrays import IntArray
from opiscli.counts.counts import Counts, DeployedCounts
from opiscli.counts.pair_counts import PairCounts
from opiscli.metrics.opis import opis
from opiscli.metrics.utility import utility
from opiscli.results import AsDeployed, Deployed, DeployedPoint, ReportWarning
from opiscli.settings.evaluation import EvaluationSettings


def derive_deployed(
    deployed: DeployedCounts,
    counted: Counts,
    targets: dict[float, float],
    settings: EvaluationSettings,
) -> Deployed:
    """Compute each metric through the index and exactly.

    Parameters
    ----------
    counted
        The exact counts.
    targets
        Threshold of each attainable FAR target.
    """
    n_queries = int(counted.table.class_sizes[counted.table.has_positives].sum())
    exact_recall, recall = (
        float(hits.sum() / n_queries) for hits in (deployed.exact_hits, deployed.hits)
    )
    exact_opis, deployed_opis = None, None
    if counted.grid is not None:
        exact_opis = _opis(counted.at(counted.grid), settings)
        if deployed.pairs is not None:
            deployed_opis = _opis(deployed.pairs.at(counted.grid), settings)
    return Deployed(
        index=deployed.index,
        bytes_per_item=deployed.bytes_per_item,
        recall_at_1=AsDeployed(exact_recall, recall),
        opis=AsDeployed(exact_opis, deployed_opis),
        operating_points=tuple(
            _point(target, threshold, counted, deployed.pairs)
            for target, threshold in targets.items()
        ),
    )


def index_warnings(deployed: DeployedCounts) -> tuple[ReportWarning, ...]:
    """Collect the warnings about metrics through an index."""
    found = []
    if deployed.pairs is None:
        found.append(
            ReportWarning(
                "index-distances",
                f"{deployed.index} does not report distances of vectors that it can decode, so"
                " FAR and TAR through it are unknown",
            )
        )
    if deployed.starved_centroids:
        found.append(
            ReportWarning(
                "few-training-items",
                f"{deployed.index} was trained on fewer than 39 items per centroid and may overfit;"
                " expect larger losses on new data",
            )
        )
    return tuple(found)


def _opis(grid: PairCounts, settings: EvaluationSettings) -> float:
    paired = grid.of_classes(grid.has_positives)
    return opis(utility(paired, settings.utility, settings.beta), grid.thresholds)


def _point(
    target: float, threshold: float, counted: Counts, deployed: PairCounts | None
) -> DeployedPoint:
    here = np.array([threshold])
    exact_far, exact_tar = _rates(counted.at(here))
    far, tar = (None, None) if deployed is None else _rates(deployed.at(here))
    return DeployedPoint(
        target_far=target,
        threshold=threshold,
        far=AsDeployed(exact_far, far),
        tar=AsDeployed(exact_tar, tar),
    )


def _rates(counts: PairCounts) -> tuple[float, float]:
    return (
        _share(counts.negative[:, 0], counts.negative_pairs),
        _share(counts.positive[:, 0], counts.positive_pairs),
    )


def _share(accepted: IntArray, pairs: IntArray) -> float:
    return float(accepted.sum() / pairs.sum())
