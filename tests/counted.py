"""Counts at given thresholds straight from the engine, as many tests need them."""

import numpy as np

from opiscli.counting.plan import Plan
from opiscli.counting.tables import spread_counts
from opiscli.distance import Distance
from opiscli.engine import count as counting
from opiscli.engine import pool as pooling
from opiscli.engine import tiles
from opiscli.engine.bins import Bins
from opiscli.engine.executors import threads
from opiscli.engine.kernels import COMPILED, NUMPY, has_compiler
from opiscli.engine.side import Side
from opiscli.engine.space import PairSpace

KERNELS = [NUMPY, *([COMPILED] if has_compiler() else [])]


def within(items, offsets=None):
    """All unordered pairs of a set."""
    return PairSpace.within(Side.of(items, offsets), items.n_classes)


def tally_at(
    space, thresholds, distance=Distance.EUCLIDEAN, *, items_at=None, kernel=NUMPY, n_threads=1
):
    """Count all pairs of a space."""
    bins = Bins(np.asarray(thresholds, dtype=float), distance)
    with threads(n_threads) as workers:
        return counting.count(space, bins, items_at=items_at, kernel=kernel, workers=workers)


def pool_of(space, *, n_lowest=0, n_threads=1):
    """All pairs of a space on the ruler."""
    with threads(n_threads) as workers:
        return pooling.pool(space, n_lowest=n_lowest, workers=workers)


def count_pairs(items, thresholds, distance=Distance.EUCLIDEAN, **how):
    """Accepted pairs of every class of a set, and how its items differ, at every threshold."""
    space, everywhere = within(items), np.arange(len(thresholds))
    tally = tally_at(space, thresholds, distance, items_at=everywhere, **how)
    return spread_counts(space, Plan(thresholds, everywhere, None), tally.row_items)


def cut_into(patch, side, rows=None, columns=None):
    """Count blocks of at most so many items a side, in tiles of so many rows and columns."""
    patch.setattr(counting, "block_side", lambda _: side)
    patch.setattr(pooling, "_SIDE", side)
    patch.setattr(tiles, "ROWS", rows or side)
    patch.setattr(tiles, "COLUMNS", columns or side)


def same_counts(a, b):
    """Assert that two tables with their sums over items are equal."""
    for name in ("positive", "negative", "positive_adjacent", "negative_squares", "cross_products"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
