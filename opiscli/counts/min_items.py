"""Treats classes with few items as singletons: they only form negative pairs.

Nothing is counted again: the positive pairs of these classes are taken away, so that whatever
follows from counts finds classes without positive pairs.
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from opiscli.arrays import BoolArray, IntArray
from opiscli.counts.counts import CountedSet, Counts, DeployedCounts
from opiscli.counts.histogram import DistanceHistogram
from opiscli.counts.pair_counts import BinnedCounts, PairCounts
from opiscli.errors import EmbeddingError

_Counts = TypeVar("_Counts", bound=PairCounts)


def with_min_items(run: CountedSet) -> CountedSet:
    """Restrict the metrics to classes with at least ``min_items`` items.

    Parameters
    ----------
    run
        Counts of all classes, or such from which classes were left out before; where that changes
        anything, at every threshold that may be asked for.

    Raises
    ------
    EmbeddingError
        If no class with positive pairs is left.
    """
    if run.settings.unit is not None:
        return run  # listed pairs, of which classes have no items
    counted, min_items = run.of_all or run.counted, run.settings.min_items
    sizes = counted.table.class_sizes
    small = sizes < min_items
    data = replace(run.data, min_items=min_items, n_below_min=int(np.count_nonzero(small)))
    left_out = small & counted.table.has_positives
    if not left_out.any():
        return replace(run, counted=counted, of_all=None, data=data)
    if np.array_equal(left_out, counted.table.has_positives):
        raise EmbeddingError(
            f"no class of {run.data.name} has {min_items:,} items or more, as"
            f" --min-items={min_items} asks for; the largest has {int(sizes.max()):,}",
            hint="Give a smaller --min-items.",
        )
    return replace(
        run,
        counted=_without(counted, left_out),
        deployed=None if run.deployed is None else _deployed_without(run.deployed, left_out),
        of_all=counted,
        data=data,
    )


def _without(counted: Counts, left_out: BoolArray) -> Counts:
    pooled, table, noise = counted.pooled, counted.table, counted.for_noise
    searches = counted.searches
    positive = pooled.positive - _positives_in_bins(counted.table, left_out)
    return replace(
        counted,
        pooled=DistanceHistogram(positive, pooled.negative, pooled.ticks),
        table=(
            _bins_without(table, left_out)
            if isinstance(table, BinnedCounts)
            else _pairs_without(table, left_out)
        ),
        for_noise=None if noise is None else _pairs_without(noise, left_out),
        searches=None if searches is None else searches.without_mated(left_out),
    )


def _positives_in_bins(table: PairCounts | BinnedCounts, chosen: BoolArray) -> IntArray:
    """Positive pairs of some classes per bin; an extra bin is beyond the last threshold."""
    if isinstance(table, BinnedCounts):
        some = table.positive.of_classes(np.flatnonzero(chosen))
        return some.of_all_classes(len(table.thresholds))
    accepted = table.positive[chosen].sum(axis=0, dtype=np.int64)
    return np.diff(np.append(accepted, table.positive_pairs[chosen].sum()), prepend=0)


def _bins_without(table: BinnedCounts, left_out: BoolArray) -> BinnedCounts:
    pairs = np.where(left_out, 0, table.positive_pairs)
    return replace(table, positive_pairs=pairs, positive=table.positive.without(left_out))


def _pairs_without(counts: _Counts, left_out: BoolArray) -> _Counts:
    pairs = np.where(left_out, 0, counts.positive_pairs)
    accepted = np.where(left_out[:, None], 0, counts.positive)
    return replace(counts, positive_pairs=pairs, positive=accepted)


def _deployed_without(deployed: DeployedCounts, left_out: BoolArray) -> DeployedCounts:
    pairs = deployed.pairs
    return replace(
        deployed,
        exact_hits=np.where(left_out, 0.0, deployed.exact_hits),
        hits=np.where(left_out, 0.0, deployed.hits),
        pairs=None if pairs is None else _pairs_without(pairs, left_out),
    )
