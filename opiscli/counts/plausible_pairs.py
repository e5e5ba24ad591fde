"""Laws that counts of listed pairs satisfy, to recognise those that were changed."""

import numpy as np

from opiscli.counts.counts import CountedSet
from opiscli.counts.pair_counts import BinnedCounts
from opiscli.settings.listed_pairs import PairUnit


def require_plausible_pairs(of: CountedSet) -> None:
    """Raise `ValueError` if the counts of a set cannot be counts of listed pairs."""
    table, data = of.counted.table, of.data
    if not isinstance(table, BinnedCounts):
        raise ValueError("it has no bins")
    pooled = of.counted.pooled
    n_positive, n_negative = int(pooled.positive.sum()), int(pooled.negative.sum())
    _require(min(n_positive, n_negative) > 0, "it has only one kind of pairs")
    _require(n_positive + n_negative == data.n_pairs, "its pairs do not add up")
    names = of.counted.names
    n_classes = data.n_classes if table.has_classes else 1
    _require(
        n_classes == len(names) == len(set(names)) == len(table.class_sizes),
        "its classes are not as many as it says, or two have one name",
    )
    for one in (table, table.clusters):
        if one is not None:
            _require_pairs(one)
    _require(table.ends in (1, 2), f"it counts a negative pair in {table.ends} classes")
    for name, total in (("positive", n_positive), ("negative", n_negative * table.ends)):
        same = int(getattr(table, f"{name}_pairs").sum()) == total
        _require(same, f"the {name} pairs of its classes do not add up")
    unit = of.settings.unit
    has_unit = {PairUnit.CLUSTER: table.clusters is not None, PairUnit.CLASS: table.has_classes}
    _require(unit is None or has_unit.get(unit, True), f"it has no {unit} of pairs")
    _require(not of.counted.queries.any(), "it holds queries, but pairs have none")


def _require_pairs(table: BinnedCounts) -> None:
    for name in ("positive", "negative"):
        total = getattr(table, name).of_each_class()
        same = np.array_equal(total, getattr(table, f"{name}_pairs"))
        _require(same, f"the {name} pairs of its classes do not add up")


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)
