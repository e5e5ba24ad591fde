"""The settings of a calibration, validated once and recorded in the signature."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from opiscli.distance import Distance
from opiscli.errors import UsageError
from opiscli.settings.choice import require
from opiscli.settings.evaluation import (
    DEFAULT_MIN_ITEMS,
    DEFAULT_SEED,
    Utility,
    require_min_items,
    require_prevalence,
)
from opiscli.settings.listed_pairs import PairUnit, pairs_in_signature
from opiscli.settings.margin import Margin
from opiscli.settings.numbers import plain
from opiscli.settings.target import Criterion, Target


class Average(StrEnum):
    """Whether a rate counts every pair once, or every class."""

    POOLED = "pooled"
    MACRO = "macro"


_OF_CLASSES = (Criterion.FAR, Criterion.FRR, Criterion.TAR)


N_DIVISIONS = 5
"""Random divisions of the classes on which the error of a probability is measured."""


class ShareGuarantee(NamedTuple):
    """The share of new classes that meet a target, and with which one-sided confidence."""

    share: float
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSettings:
    """What `calibrate` computes. Every field affects the numbers, so it is in the signature.

    Parameters
    ----------
    targets
        What each threshold is to achieve, at least one.
    distance
        What thresholds are measured in.
    average
        Whether a FAR, FRR or TAR counts each pair once, or is the mean over classes.
    confidence
        If given, a FAR target must be met by the upper bound of FAR at this one-sided
        confidence, for new classes of the same kind; in [0.5, 1).
    class_share
        If given, a FAR, FRR or TAR target must be met by this share of new classes, each by itself,
        at this confidence, or at 0.95; in (0, 1).
    allow_zero
        Whether a FAR target that is not attainable gives the largest threshold that
        accepts no negative pair.
    prevalence
        Share of positive pairs among those that production compares, in (0, 1), at which
        precision is computed; ``None`` for no precision.
    margin
        What a search also demands of its nearest candidate; ``None`` for nothing.
    probability
        Whether the probability of being of one class is fitted, at the prevalence.
    utility, beta
        Of a class, for ``max-utility``.
    drop_duplicates
        Whether repeated embeddings were removed before counting.
    min_items
        Classes with fewer items only form negative pairs; at least 2.
    holdout, repeats
        Share of classes to choose the threshold on, the others being tested, in (0, 1),
        and how often; ``None`` for not at all.
    score
        What pairs are compared by, if not by their cosine; follows from the data.
    gallery
        Whether queries are compared with a separate gallery, and pairs are across the two.
    unit
        Of a source of pairs, as in `EvaluationSettings`.
    seed
        Of the draws of classes.

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    targets: tuple[Target, ...]
    distance: Distance = Distance.EUCLIDEAN
    average: Average = Average.POOLED
    confidence: float | None = None
    class_share: float | None = None
    allow_zero: bool = False
    prevalence: float | None = None
    margin: Margin | None = None
    probability: bool = False
    utility: Utility = Utility.TPR_TNR
    beta: float = 1.0
    drop_duplicates: bool = False
    min_items: int = DEFAULT_MIN_ITEMS
    holdout: float | None = None
    repeats: int = 20
    score: str = ""
    gallery: bool = False
    unit: PairUnit | None = None
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        if not self.targets:
            raise UsageError(
                "no target was given",
                hint="For example --far=1e-3, --criterion=eer or --similarity=0.4.",
            )
        if self.confidence is not None:
            inside = 0.5 <= self.confidence < 1
            require(inside, "--confidence", self.confidence, "0.5 or more and below 1", "0.95")
        self._require_prevalence()
        self._require_searches_pooled()
        if self.holdout is not None:
            inside = 0 < self.holdout < 1
            require(inside, "--holdout", self.holdout, "a share above 0 and below 1", "0.5")
        require_min_items(self.min_items)
        require(1 <= self.repeats <= 1000, "--repeats", self.repeats, "1 to 1000", "20")
        if self.class_share is not None:
            self._require_class_share(self.class_share)
        elif self.confidence is not None and any(
            target.criterion is not Criterion.FAR for target in self.targets
        ):
            raise UsageError(
                "--confidence bounds FAR, but another criterion was asked for",
                hint="Use it with --far only, or with --class-share.",
            )

    @property
    def guarantee(self) -> ShareGuarantee | None:
        """What must hold for most classes; ``None`` if nothing was asked for."""
        if self.class_share is None:
            return None
        return ShareGuarantee(
            self.class_share, 0.95 if self.confidence is None else self.confidence
        )

    def _require_class_share(self, share: float) -> None:
        require(0 < share < 1, "--class-share", share, "a share above 0 and below 1", "0.95")
        if any(target.criterion not in _OF_CLASSES for target in self.targets):
            raise UsageError(
                "--class-share is for a FAR, FRR or TAR that classes have, but another criterion"
                " was asked for",
                hint="Use it with --far, --criterion=frr=0.05 or --criterion=tar=0.95.",
            )
        if self.average is not Average.POOLED:
            raise UsageError(
                f"--average={self.average} has no effect with --class-share, which looks at every"
                " class by itself",
                hint="Omit --average.",
            )

    def _require_searches_pooled(self) -> None:
        asked = any(target.criterion is Criterion.FPIR for target in self.targets)
        if asked and self.average is not Average.POOLED:
            raise UsageError(
                "FPIR is a share of all searches, but --average=macro was given",
                hint="Omit --average.",
            )
        is_chosen = self.margin is not None and self.margin.is_auto
        if is_chosen and not (asked and len(self.targets) == 1):
            raise UsageError(
                "--margin=auto chooses the margin for one FPIR, but"
                f" {', '.join(target.name for target in self.targets)} was asked for",
                hint="Give --criterion=fpir=0.01 alone, or a margin such as --margin=0.05.",
            )

    def _require_prevalence(self) -> None:
        require_prevalence(self.prevalence)
        if self.probability and self.prevalence is None:
            raise UsageError(
                "a probability depends on how many of the compared pairs are positive, but"
                " --prevalence was not given",
                hint="Give their share where the probability will be used, for example"
                " --prevalence=1e-3.",
            )
        if not any(target.criterion is Criterion.PRECISION for target in self.targets):
            return
        if self.average is not Average.POOLED:
            raise UsageError(
                "precision is a share of all accepted pairs, but --average=macro was given",
                hint="Omit --average.",
            )
        if self.prevalence is None:
            raise UsageError(
                "precision depends on how many of the compared pairs are positive, but"
                " --prevalence was not given",
                hint="Give their share where the threshold will be used, for example"
                " --prevalence=1e-3.",
            )

    def _options(self) -> list[str]:
        """Parts of the signature that are there only where they were asked for."""
        parts = []
        if any(target.criterion is Criterion.MAX_UTILITY for target in self.targets):
            parts += [f"u:{self.utility}", f"b:{plain(self.beta)}"]
        if self.guarantee is not None:
            parts.append(f"classes:{'@'.join(map(plain, self.guarantee))}")
        elif self.confidence is not None:
            parts.append(f"conf:{plain(self.confidence)}")
        if self.allow_zero:
            parts.append("zero:allow")
        if self.margin is not None:
            parts.append(f"margin:{self.margin}")
        if self.prevalence is not None:
            parts.append(f"prev:{plain(self.prevalence)}")
        if self.probability:
            parts.append(f"prob:isotonic-{N_DIVISIONS}x2")
        return parts

    def signature(self, version: str, *, group_by: str | None = None) -> str:
        """Every setting that moves a number in one line, to quote beside the numbers."""
        parts = [
            "opis",
            f"d:{self.distance}",
            *([f"score:{self.score}"] if self.score else []),
            f"target:{','.join(str(target) for target in self.targets)}",
            f"avg:{self.average}",
        ]
        parts += self._options()
        matched = ["gallery:separate", "unmatched:drop"] if self.gallery else ["single:drop"]
        items = ["pairs:exact", *matched]
        parts += items if self.unit is None else pairs_in_signature(self.unit)
        parts.append("ties:accept")
        if self.drop_duplicates:
            parts.append("dups:drop")
        if self.min_items != DEFAULT_MIN_ITEMS:
            parts.append(f"min:{self.min_items}")
        if self.holdout is not None:
            parts.append(f"holdout:{plain(self.holdout)}x{self.repeats}")
        if self.holdout is not None or self.probability:
            parts.append(f"seed:{self.seed}")
        if group_by is not None:
            parts.append(f"group:{group_by if group_by.isidentifier() else repr(group_by)}")
        return "|".join([*parts, f"v:{version}"])
