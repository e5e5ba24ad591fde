"""Laws that the counts of any set of items satisfy, to recognise those that were changed."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from opiscli.arrays import AnyArray, FloatArray, IntArray
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.counts import CountedSet, Counts
from opiscli.counts.pair_counts import BinnedCounts, PairCounts, SpreadCounts
from opiscli.counts.plausible_pairs import require_plausible_pairs
from opiscli.counts.search_counts import TWICE, SearchCounts
from opiscli.embeddings.offsets import possible_distances
from opiscli.results import Data
from opiscli.settings.evaluation import EvaluationSettings

_RECALL = "recall@"
_BEYOND = 0.001
"""The threshold after that of opposite vectors lies a little above their distance."""


def require_plausible(of: CountedSet) -> None:
    """Raise `ValueError` if the counts of all classes of a set cannot be counts of items."""
    counted, data = of.counted, of.data
    if of.settings.unit is not None:
        require_plausible_pairs(of)
        return
    n_items = _require_sizes(counted, data)
    _require_pairs(counted.table)
    _require_hits(counted, of.settings.ks)
    # Items that were dropped as duplicates are not among the items.
    most = np.inf if data.duplicates_dropped else n_items
    for repeated in (data.n_duplicates, of.n_conflicts):
        _require(0 <= repeated <= most, f"it says that {repeated} items are repeated")
    if counted.grid is not None:
        require_thresholds(counted.grid, "grid thresholds", of.settings)
    if counted.for_noise is not None:
        _require_spread(counted.for_noise)
    if counted.searches is not None and isinstance(counted.table, BinnedCounts):
        _require_searches(counted.searches, counted.table, counted.retrieval)


def require_thresholds(thresholds: FloatArray, name: str, settings: EvaluationSettings) -> None:
    """Raise `ValueError` if these are not increasing distances."""
    least, largest = possible_distances(settings.score, settings.distance)
    _require(
        thresholds.ndim == 1
        and len(thresholds) > 0
        and bool(np.all(np.diff(thresholds) > 0))
        and thresholds[0] >= least
        and thresholds[-1] <= largest + _BEYOND,
        f"its {name} are not increasing distances",
    )


def require_bins(of: ClassBins, name: str, n_bins: int) -> None:
    """Raise `ValueError` if these do not divide cells among classes, each with pairs."""
    starts, cells = of.starts, len(of.bins)
    # Anything else would be a wild index or a negative count further on.
    ordered = starts[0] == 0 and starts[-1] == cells and bool(np.all(np.diff(starts) >= 0))
    integers = of.bins.dtype.kind in "iu" and of.pairs.dtype.kind in "iu"
    _require(ordered and integers and cells == len(of.pairs), f"its {name} bins do not match")
    if not cells:
        return
    rising = of.bins[1:] > of.bins[:-1]
    rising[starts[(starts > 0) & (starts < cells)] - 1] = True  # where another class begins
    _require(bool(rising.all()), f"its {name} bins are not increasing")
    inside = of.bins.min() >= 0 and of.bins.max() < n_bins
    _require(inside, f"its {name} bins do not match its thresholds")
    _require(of.pairs.min() > 0, f"its {name} bins hold no pairs")


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)


def _require_sizes(counted: Counts, data: Data) -> int:
    """Verify the items of all classes, and return their number."""
    sizes = counted.table.class_sizes
    _require(
        data.n_classes == len(sizes) == len(set(counted.names)),
        "its classes are not as many as it says, or two have one name",
    )
    _require(
        bool((sizes > 0).all())
        and int(sizes.sum()) == data.n_items
        and int(np.count_nonzero(sizes == 1)) == data.n_singletons,
        "the items of its classes do not add up",
    )
    _require((data.dims or 0) > 0, f"its embeddings have {data.dims} dims")
    mean = data.mean_similarity
    _require(mean is None or -1.001 <= mean <= 1.001, f"its mean similarity is {mean}")
    return int(sizes.sum())


def _require_pairs(table: PairCounts | BinnedCounts) -> None:
    sizes = table.class_sizes
    expected = {
        "positive": sizes * (sizes - 1) // 2,
        "negative": sizes * (sizes.sum() - sizes),
    }
    for name, pairs in expected.items():
        same = np.array_equal(getattr(table, f"{name}_pairs"), pairs)
        _require(same, f"the {name} pairs of its classes do not follow from their sizes")
        if isinstance(table, BinnedCounts):
            total = getattr(table, name).of_each_class()
            _require(np.array_equal(total, pairs), f"the {name} pairs of its classes do not add up")
    _require(table.ends == 2, f"it counts a negative pair in {table.ends} classes, not in two")


def _require_hits(counted: Counts, ks: tuple[int, ...]) -> None:
    queries = counted.queries
    _require(
        bool(((queries >= 0) & (queries <= counted.table.class_sizes)).all()),
        "it holds more queries than items",
    )
    for name, sums in counted.retrieval.items():
        possible = np.isfinite(sums) & (sums >= 0) & (sums <= queries + 1e-6)
        _require(bool(possible.all()), f"its {name} counts more hits than queries")
    ranks = sorted(int(name[len(_RECALL) :]) for name in counted.retrieval if _RECALL in name)
    _require(ranks == sorted(ks), "its hits are not of the ranks that it says")
    for low, high in pairwise(ranks):
        fewer, more = (counted.retrieval[f"{_RECALL}{k}"] for k in (low, high))
        _require(bool((fewer <= more + 1e-6).all()), f"R@{high} is lower than R@{low}")


def _require_spread(of: SpreadCounts) -> None:
    """Sums of squares lie between those of equal parts and those of the most unequal ones."""
    sizes, n_items = of.class_sizes[:, None], of.class_sizes.sum()
    bounds: dict[str, tuple[AnyArray, IntArray]] = {
        "positive_adjacent": (
            4.0 * of.positive**2 / sizes - 2 * of.positive,
            2 * of.positive * np.maximum(sizes - 2, 0),
        ),
        "negative_squares": (
            of.negative.astype(np.float64) ** 2 / sizes,
            of.negative * (n_items - sizes),
        ),
        "cross_products": (np.zeros(1), of.negative * (sizes - 1)),
    }
    for name, (least, most) in bounds.items():
        sums = getattr(of, name)
        _require(sums.shape == of.positive.shape, f"its {name} do not match its thresholds")
        within = (sums >= least * (1 - 1e-9) - 1e-6) & (sums <= most)
        rising = np.diff(sums, axis=1) >= 0
        _require(bool(within.all() and rising.all()), f"its {name} cannot be sums over items")


def _require_searches(
    of: SearchCounts, table: BinnedCounts, retrieval: Mapping[str, FloatArray]
) -> None:
    """The nearest candidates of all items are among their pairs, and hits are what R@1 counts."""
    total = of.nearest_other.of_each_class()
    _require(np.array_equal(total, of.non_mated), "its searches are not as many as its items")
    hits = of.hits.of_each_class()
    _require(bool((hits <= TWICE * of.mated).all()), "it holds more hits than searches")
    at_first = retrieval.get(f"{_RECALL}1")
    same = at_first is None or np.array_equal(hits, np.round(TWICE * at_first))
    _require(same, "its hits are not those of R@1")
    # The nearest of all pairs of a class is that of one of its searches.
    nearest = np.array_equal(_first_bins(of.nearest_other), _first_bins(table.negative))
    _require(nearest, "its nearest candidates are not among its negative pairs")
    first = _first_bins(of.hits) >= _first_bins(table.positive)
    _require(bool(first.all()), "its hits are nearer than its positive pairs")


def _first_bins(of: ClassBins) -> IntArray:
    """Shape ``(n_classes,)``, the first bin of each class; beyond all where it has none."""
    first = np.full(of.n_classes, np.iinfo(np.int64).max)
    filled = np.diff(of.starts) > 0
    first[filled] = of.bins[of.starts[:-1][filled]]
    return first
