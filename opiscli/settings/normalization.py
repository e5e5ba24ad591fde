"""The settings of a normalisation, validated once."""

from dataclasses import dataclass

from opiscli.errors import UsageError
from opiscli.settings.choice import require
from opiscli.settings.evaluation import DEFAULT_SEED

AUTO = "auto"
CANDIDATES = (0.25, 0.5)
"""Weights that ``auto`` tries, beside 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizationSettings:
    """How offsets are computed.

    Parameters
    ----------
    k
        Neighbours in the cohort, from 1 to 10,000.
    weight
        In [0, 1]; ``None`` to choose it on classes of the cohort.
    seed
        Of the halves into which these are cut.

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    k: int = 50
    weight: float | None = 0.25
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        require(1 <= self.k <= 10_000, "--k", self.k, "1 to 10000", "50")
        inside = self.weight is None or 0 <= self.weight <= 1
        require(inside, "--weight", self.weight, "auto or a number from 0 to 1", "0.25")
        require(self.seed >= 0, "--seed", self.seed, "0 or more", "0")

    @property
    def tried(self) -> tuple[float, ...]:
        """The weights that are tried on held-out classes."""
        if self.weight is None:
            return CANDIDATES
        return (self.weight,) if self.weight > 0 else ()

    def signature(self, version: str, weight: float) -> str:
        """Every setting that moves a number in one line, with the weight that was used."""
        chosen = "auto:" if self.weight is None else ""
        return f"opis-normalize|k:{self.k}|w:{chosen}{weight:g}|seed:{self.seed}|v:{version}"


def parse_weight(value: str | float) -> float | None:
    """A weight, or ``None`` for ``auto``.

    Raises
    ------
    UsageError
        If it is neither a number nor ``auto``.
    """
    if value == AUTO:
        return None
    try:
        return float(value)
    except ValueError as cause:
        raise UsageError(
            f"--weight is {value!r}, expected auto or a number from 0 to 1",
            hint="For example --weight=0.25.",
        ) from cause
