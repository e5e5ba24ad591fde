"""What becomes of the numbers behind a production index."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AsDeployed:
    """A number as it is exactly and through an index; ``None`` where it is not known."""

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
    """What becomes of R@1, OPIS and the thresholds when an index does the search.

    Every item is a query, as it is, against the index's copies of all others; rates are
    over such ordered pairs. ``bytes_per_item`` is what one more item takes.
    """

    index: str
    bytes_per_item: float
    recall_at_1: AsDeployed
    opis: AsDeployed
    operating_points: tuple[DeployedPoint, ...]
