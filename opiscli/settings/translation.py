"""The settings of a translation, validated once and recorded in the signature."""

from dataclasses import dataclass

from opiscli.distance import Distance
from opiscli.errors import UsageError
from opiscli.settings.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslationSettings:
    """Which threshold is translated, and how items are matched.

    Parameters
    ----------
    target
        The threshold of the old model.
    distance
        What thresholds of both models are measured in.
    by_row
        Whether items are matched by their rows and not by ids.
    score
        What pairs are compared by, if not by their cosine; follows from the data.

    Raises
    ------
    UsageError
        If the target is no threshold.
    """

    target: Target
    distance: Distance = Distance.EUCLIDEAN
    by_row: bool = False
    score: str = ""

    def __post_init__(self) -> None:
        if self.target.threshold(self.distance) is None:
            raise UsageError(
                f"{self.target.name} is no threshold, expected a distance or a similarity",
                hint="Use --threshold-file, --threshold or --similarity.",
            )

    @property
    def threshold(self) -> float:
        """The threshold of the old model, as a distance."""
        return self.target.threshold(self.distance) or 0.0

    def signature(self, version: str) -> str:
        """Every setting that moves a number in one line, to quote beside the numbers."""
        parts = [
            "opis-translate",
            f"d:{self.distance}",
            *([f"score:{self.score}"] if self.score else []),
            f"old:{self.target}",
            f"match:{'row' if self.by_row else 'id'}",
            "pairs:exact",
            "ties:accept",
        ]
        return "|".join([*parts, f"v:{version}"])


def require_one_threshold(target: Target | None, threshold_file: object) -> None:
    """Raise `UsageError` if the threshold of the old model was not given."""
    if target is None and threshold_file is None:
        raise UsageError(
            "the threshold of the old model was not given",
            hint="Add --threshold-file, --threshold or --similarity.",
        )
