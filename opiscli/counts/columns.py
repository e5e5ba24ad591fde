"""Counts from the columns of an evaluation file, checked as they are taken."""

from dataclasses import fields, replace
from typing import Any, TypeVar, get_args

import numpy as np
import pyarrow as pa

from opiscli.arrays import FloatArray, IntArray
from opiscli.counts.class_bins import ClassBins
from opiscli.counts.counts import CountedSet, Counts
from opiscli.counts.min_items import with_min_items
from opiscli.counts.pair_counts import BinnedCounts, SpreadCounts, positions_of
from opiscli.counts.plausible import require_bins, require_plausible, require_thresholds
from opiscli.counts.search_counts import SearchCounts
from opiscli.distance import Distance
from opiscli.results import Data, ReportWarning
from opiscli.settings.evaluation import EvaluationSettings, RangeBy, RangeRequest, Utility
from opiscli.settings.listed_pairs import LISTED, PairUnit

SPREAD = ("positive_adjacent", "negative_squares", "cross_products")
HITS = "hits:"
NEAREST_OTHER, HITS_AT = "nearest_other", "hits_at"
_PLAIN = frozenset((int, str, bool, type(None)))

_Plain = TypeVar("_Plain", Data, EvaluationSettings)


def counted_set(
    table: pa.Table, about: dict[str, Any], clusters: pa.Table | None = None
) -> CountedSet:
    """Take the counts of a table without missing values, and the description of all classes.

    Parameters
    ----------
    clusters
        The same of clusters of listed pairs.

    Raises
    ------
    ValueError, TypeError, LookupError, UsageError
        If they are not counts of items, or something is not there.
    """
    settings = _typed(_settings(about["settings"]))
    thresholds = _distances(about["thresholds"], "thresholds", settings)
    binned = _binned(table, thresholds, int(about["ends"]))
    if settings.unit is not None:
        of_clusters = None if clusters is None else _binned(clusters, thresholds, 2)
        binned = replace(binned, has_classes=about["has_classes"] is True, clusters=of_clusters)
    noise, grid = about["noise_thresholds"], about["grid"]
    counted = Counts(
        queries=_integers(table, "n_queries"),
        names=_names(table["label"]),
        mode="exact" if settings.unit is None else LISTED,
        has_every_score=settings.unit is not None and about["has_every_score"] is True,
        kernel=str(about["kernel"]),
        pooled=binned.pooled if settings.unit is None else binned.pooled.observed(),
        table=binned,
        grid=None if grid is None else _distances(grid, "grid thresholds", settings),
        for_noise=(
            None if noise is None else _spread(table, binned, _distances(noise, "noise", settings))
        ),
        retrieval={
            name.removeprefix(HITS): table[name].to_numpy().astype(np.float64)
            for name in table.column_names
            if name.startswith(HITS)
        },
        searches=_searches(table, binned),
    )
    if counted.grid is not None:
        positions_of(counted.grid, thresholds)
    data = about["data"]
    found = CountedSet(
        counted=counted,
        data=_typed(Data(**{**data, "where": tuple(map(str, data["where"]))})),
        n_conflicts=int(about["n_conflicts"]),
        settings=settings,
        doubts=tuple(ReportWarning(str(c), str(m)) for c, m in about.get("doubts", ())),
    )
    require_plausible(found)
    return with_min_items(found)


def _binned(table: pa.Table, thresholds: FloatArray, ends: int) -> BinnedCounts:
    return BinnedCounts(
        thresholds=thresholds,
        class_sizes=_integers(table, "n_items"),
        positive_pairs=_integers(table, "positive_pairs"),
        negative_pairs=_integers(table, "negative_pairs"),
        positive=_class_bins(table, "positive", len(thresholds)),
        negative=_class_bins(table, "negative", len(thresholds)),
        ends=ends,
    )


def _settings(plain: dict[str, Any]) -> EvaluationSettings:
    asked = plain["calibration_range"]
    return EvaluationSettings(
        **{
            **plain,
            "distance": Distance(plain["distance"]),
            "calibration_range": RangeRequest(RangeBy(asked["by"]), asked["lo"], asked["hi"]),
            "utility": Utility(plain["utility"]),
            "unit": None if plain.get("unit") is None else PairUnit(plain["unit"]),
            "ks": tuple(plain["ks"]),
        }
    )


def _typed(of: _Plain) -> _Plain:
    """The same, if JSON gave every whole number, text and truth value its type."""
    for field in fields(of):
        value, kinds = getattr(of, field.name), get_args(field.type) or (field.type,)
        if _PLAIN.issuperset(kinds) and type(value) not in kinds:
            raise ValueError(f"its {field.name} is {value!r}")
    return of


def _distances(values: list[float], name: str, settings: EvaluationSettings) -> FloatArray:
    thresholds = np.array(values, dtype=np.float64)
    require_thresholds(thresholds, name, settings)
    return thresholds


def _names(column: pa.ChunkedArray) -> tuple[str, ...]:
    text = pa.large_string()
    return tuple((column if column.type == text else column.cast(text)).to_pylist())


def _integers(table: pa.Table, name: str) -> IntArray:
    if not pa.types.is_integer(table.schema.field(name).type):
        raise ValueError(f"its column {name} is {table.schema.field(name).type}")
    return np.asarray(table[name].to_numpy(), dtype=np.int64)


def _class_bins(table: pa.Table, name: str, n_bins: int) -> ClassBins:
    bins, counts = (table[f"{name}_{part}"].combine_chunks() for part in ("bins", "counts"))
    if not bins.offsets.equals(counts.offsets):
        raise ValueError(f"its {name} bins do not match")
    starts = np.asarray(bins.offsets.to_numpy(), dtype=np.int64)
    of = ClassBins(starts, bins.values.to_numpy(), counts.values.to_numpy())
    require_bins(of, name, n_bins)
    return of


def _searches(table: pa.Table, binned: BinnedCounts) -> SearchCounts | None:
    """Searches within the set; ``None`` in a file of an opis that did not count them."""
    if f"{NEAREST_OTHER}_bins" not in table.column_names:
        return None
    sizes, n_bins = binned.class_sizes, len(binned.thresholds)
    return SearchCounts(
        thresholds=binned.thresholds,
        n_gallery=int(sizes.sum()) - 1,
        is_within=True,
        non_mated=sizes,
        mated=np.where(sizes > 1, sizes, 0),
        nearest_other=_class_bins(table, NEAREST_OTHER, n_bins),
        hits=_class_bins(table, HITS_AT, n_bins),
    )


def _spread(table: pa.Table, binned: BinnedCounts, thresholds: FloatArray) -> SpreadCounts:
    at = binned.at(thresholds)
    sums: dict[str, Any] = {
        # Not flattened: that imports pyarrow.compute, which takes as long as reading all this.
        name: np.asarray(table[name].combine_chunks().values.to_numpy(), dtype=np.int64).reshape(
            table.num_rows, len(thresholds)
        )
        for name in SPREAD
    }
    return SpreadCounts(
        thresholds=thresholds,
        class_sizes=at.class_sizes,
        positive_pairs=at.positive_pairs,
        negative_pairs=at.negative_pairs,
        positive=at.positive,
        negative=at.negative,
        ends=at.ends,
        **sums,
    )
