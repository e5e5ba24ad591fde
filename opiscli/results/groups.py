"""Rates inside groups of items at one threshold, and the disparity between groups."""

from dataclasses import dataclass

from opiscli.results.quantities import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRates:
    """Rates over the pairs inside one group; ``None`` where it has no such pairs."""

    group: str
    n_items: int
    n_classes: int
    far: Rate | None = None
    frr: Rate | None = None
    tar: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Differential:
    """Disparity of one rate between groups.

    ``max_over_geometric_mean`` is ``None`` where no group has an error.
    """

    max_over_geometric_mean: float | None
    gini: float


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedRates:
    """Rates of all groups at one threshold.

    Parameters
    ----------
    column
        The column with the groups.
    far, frr, garbe
        Disparity of the rates, over the groups that have them; ``None`` with fewer than two
        such groups.
    zero_policy
        What replaces a rate without errors in the geometric mean.
    """

    column: str
    groups: tuple[GroupRates, ...]
    far: Differential | None
    frr: Differential | None
    garbe: float | None
    zero_policy: str = "half an error"
