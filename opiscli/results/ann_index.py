"""The same numbers through an approximate or compressed index, as in production."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AsDeployed:
    """A number of the exact search and the same through an index; ``None`` if unknown."""

    exact: float | None
    deployed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedPoint:
    """Rates at the exact threshold of a FAR target, both in [0, 1]."""

    target_far: float
    threshold: float
    far: AsDeployed
    tar: AsDeployed


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """R@1, OPIS and rates at the exact thresholds when an index does the search.

    Each original vector is compared with the stored copies of all others; rates are over
    these ordered pairs. ``bytes_per_item`` is the size of one more item in the index.
    """

    index: str
    bytes_per_item: float
    recall_at_1: AsDeployed
    opis: AsDeployed
    operating_points: tuple[DeployedPoint, ...]
