"""The settings of a calibration without labels, validated once and recorded in the signature."""

from collections.abc import Mapping
from dataclasses import dataclass

from opiscli.distance import Distance
from opiscli.errors import UsageError
from opiscli.settings.choice import require
from opiscli.settings.numbers import plain
from opiscli.settings.target import Criterion, Target

_KNOWN = (Criterion.FAR, Criterion.THRESHOLD, Criterion.SIMILARITY)

_HOW_TO_STATE = (
    "Give an upper bound of the share of pairs that are of one class, for example"
    " --max-positive-share=0.01. With C classes of equal size it is about 1/C, with n_i of N items"
    " in class i the sum of (n_i/N)²; a guess that is too high is safe."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnlabelledSettings:
    """What a calibration without labels computes; every field is in the signature.

    Parameters
    ----------
    targets
        What each threshold is to achieve, at least one: a FAR, or the threshold itself.
    distance
        What thresholds are measured in.
    max_positive_share
        Upper bound of the share of pairs that are positive, in [0, 1). With impostors it is 0.
    has_impostors
        Whether pairs are across two sets that have no class in common.
    ignores_labels
        Whether labels of impostors and of the others are left out, too, if they have some.
    confidence
        If given, a FAR target must be met by the upper bound of FAR at this one-sided confidence,
        for new items of the same kind; in [0.5, 1).
    drop_duplicates
        Whether repeated embeddings were removed before counting.
    score
        What pairs are compared by, if not by their cosine; follows from the data.

    Raises
    ------
    UsageError
        If a value is out of its range, or a target needs labels.
    """

    targets: tuple[Target, ...]
    distance: Distance = Distance.EUCLIDEAN
    max_positive_share: float | None = None
    has_impostors: bool = False
    ignores_labels: bool = True
    confidence: float | None = None
    drop_duplicates: bool = False
    score: str = ""

    def __post_init__(self) -> None:
        if not self.targets:
            raise UsageError("no target was given", hint="For example --far=1e-3.")
        for target in self.targets:
            if target.criterion not in _KNOWN:
                raise UsageError(
                    f"criterion {target.criterion} needs same-class pairs, which are not known"
                    f" with {self.option}",
                    hint="Use --far, --threshold or --similarity.",
                )
        self._require_positive_share()
        if self.confidence is not None:
            inside = 0.5 <= self.confidence < 1
            require(inside, "--confidence", self.confidence, "0.5 or more and below 1", "0.95")
            if any(target.criterion is not Criterion.FAR for target in self.targets):
                raise UsageError(
                    "--confidence bounds FAR, but another criterion was asked for",
                    hint="Use it with --far only.",
                )

    def _require_positive_share(self) -> None:
        share = self.max_positive_share
        if self.has_impostors:
            if share is not None:
                raise UsageError(
                    "--max-positive-share was given with --impostors, where no pair is positive",
                    hint="Leave one of the two out.",
                )
        elif share is None:
            raise UsageError(
                "--unlabelled was given without --max-positive-share", hint=_HOW_TO_STATE
            )
        elif not 0 <= share < 1:
            raise UsageError(
                f"--max-positive-share is {share:g}, expected a share of 0 or more and below 1",
                hint=_HOW_TO_STATE,
            )

    @property
    def option(self) -> str:
        """The option that leaves labels out."""
        return "--impostors" if self.has_impostors else "--unlabelled"

    @property
    def positive_share(self) -> float:
        """Upper bound of the share of pairs that are positive."""
        return self.max_positive_share or 0.0

    def accepted_share(self, far: float) -> float:
        """Share of all pairs up to which FAR is certainly at most this."""
        return far * (1 - self.positive_share)

    def signature(self, version: str) -> str:
        """Every setting that moves a number in one line, to quote beside the numbers."""
        parts = [
            "opis",
            f"d:{self.distance}",
            *([f"score:{self.score}"] if self.score else []),
            f"target:{','.join(str(target) for target in self.targets)}",
            *(["impostors"] if self.has_impostors else []),
            *(["unlabelled"] if self.ignores_labels else []),
            *([] if self.has_impostors else [f"pos:{plain(self.positive_share)}"]),
            *([] if self.confidence is None else [f"conf:{plain(self.confidence)}"]),
            "pairs:exact",
            "ties:accept",
            *(["dups:drop"] if self.drop_duplicates else []),
        ]
        return "|".join([*parts, f"v:{version}"])


def refuse_what_needs_labels(option: str, asked: Mapping[str, object]) -> None:
    """Raise `UsageError` if something is asked for that labels are needed for.

    Parameters
    ----------
    option
        The option that leaves labels out.
    asked
        Values by name of the option; ``None`` and false where nothing was asked for.
    """
    for name, value in asked.items():
        if value is not None and value is not False:
            raise UsageError(
                f"--{name.replace('_', '-')} needs labels, which {option} does without",
                hint="Leave one of the two out.",
            )
