"""The settings of a calibration, validated once and recorded in the signature."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opiscli.distance import Distance
from opiscli.errors import UsageError
from opiscli.settings import units
from opiscli.settings.choice import require, require_one
from opiscli.settings.evaluation import DEFAULT_MIN_ITEMS, DEFAULT_SEED, Utility, require_min_items
from opiscli.settings.numbers import plain, rate, scientific


class Criterion(StrEnum):
    """The criterion by which a threshold is chosen."""

    FAR = "far"
    FRR = "frr"
    TAR = "tar"
    PRECISION = "precision"
    EER = "eer"
    MAX_UTILITY = "max-utility"
    THRESHOLD = "threshold"
    SIMILARITY = "similarity"


class Average(StrEnum):
    """Whether a rate counts every pair once, or every class."""

    POOLED = "pooled"
    MACRO = "macro"


_WITHOUT_VALUE = (Criterion.EER, Criterion.MAX_UTILITY)
_UNITS = {Criterion.THRESHOLD: units.DISTANCE, Criterion.SIMILARITY: units.SIMILARITY}
"""Of the criteria that give the threshold itself."""


@dataclass(frozen=True, slots=True)
class Target:
    """The target of one threshold.

    Parameters
    ----------
    criterion
        ``far``: the largest threshold with FAR at most ``value``. ``frr`` and ``tar``: the
        smallest with FRR at most, or TAR at least, ``value``. ``precision``: the largest up to
        which precision is at least ``value`` at the stated prevalence. ``eer``: where FAR and FRR
        are closest. ``max-utility``: where the mean utility of classes is largest.
        ``threshold`` and ``similarity``: the threshold itself, as a distance or as a cosine.
    value
        A rate in (0, 1), a distance in [0, 2] or a similarity in [-1, 1]; none for ``eer`` and
        ``max-utility``.
    score
        What pairs are compared by, if not by their cosine: bounds of thresholds are then unknown.

    Raises
    ------
    UsageError
        If there is no value where one is needed, or it is out of bounds.
    """

    criterion: Criterion
    value: float | None = None
    score: str = ""

    def __post_init__(self) -> None:
        if self.criterion in _WITHOUT_VALUE:
            if self.value is not None:
                raise UsageError(
                    f"criterion {self.criterion} was given the target {self.value:g},"
                    " expected none",
                    hint=f"Leave it out: --criterion={self.criterion}.",
                )
            return
        if self.value is None:
            raise UsageError(
                f"criterion {self.criterion} has no target",
                hint=f"For example --criterion={self.criterion}=0.05.",
            )
        if self.criterion in _UNITS:
            if not self.score:
                units.require_value(_UNITS[self.criterion], self.value)
            return
        # Only FAR has an option of its own; a value such as 95 was meant as percent.
        is_far = self.criterion is Criterion.FAR
        option = "--far" if is_far else f"--criterion={self.criterion}"
        is_share_right = self.criterion in (Criterion.TAR, Criterion.PRECISION)
        usual = 1e-3 if is_far else 0.95 if is_share_right else 0.05
        example = self.value / 100 if 1 < self.value < 100 else usual
        if not 0 < self.value < 1:
            raise UsageError(
                f"{option}{' is ' if is_far else '='}{self.value:g}, expected a rate above 0 and"
                " below 1",
                hint=f"For example {option}={plain(example)}.",
            )

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read ``eer``, ``frr=0.05`` or ``frr:0.05``.

        Raises
        ------
        UsageError
            If it is neither.
        """
        name, _, value = text.replace(":", "=", 1).partition("=")
        try:
            return cls(Criterion(name.strip().lower()), rate(value) if value else None)
        except ValueError as cause:
            raise UsageError(
                f"--criterion={text} is unknown, expected one of: {', '.join(Criterion)}",
                hint="For example --criterion=frr=0.05 or --criterion=eer.",
            ) from cause

    @classmethod
    def given(
        cls,
        *,
        far: Iterable[float] | None = None,
        criterion: Iterable[str] | None = None,
        target: float | None = None,
        threshold: Iterable[float] | None = None,
        similarity: Iterable[float] | None = None,
    ) -> "tuple[Target, ...]":
        """All targets that are asked for, each once: rates, criteria, thresholds, similarities.

        Parameters
        ----------
        criterion
            Texts as `parse` reads them.
        target
            Target of those among them that have none.

        Raises
        ------
        UsageError
            If one is not a target, or there is a target and no criterion.
        """
        if target is not None and not criterion:
            raise UsageError(
                f"--target={target:g} was given without --criterion",
                hint="For example --criterion=frr --target=0.05, or --far=1e-3.",
            )
        has_target = re.compile("[=:]").search
        named = (
            text if target is None or has_target(text) else f"{text}={target!r}"
            for text in criterion or ()
        )
        found = (
            *(cls(Criterion.FAR, rate) for rate in far or ()),
            *(cls.parse(text) for text in named),
            *(cls(Criterion.THRESHOLD, distance) for distance in threshold or ()),
            *(cls(Criterion.SIMILARITY, cosine) for cosine in similarity or ()),
        )
        return tuple(dict.fromkeys(found))

    @classmethod
    def one_of(
        cls,
        *,
        far: float | None = None,
        threshold: float | None = None,
        similarity: float | None = None,
        threshold_file: object = None,
    ) -> "Target | None":
        """The one target that is asked for, if one is; none where a file of a threshold is named.

        Raises
        ------
        UsageError
            If more than one is given, a file of a threshold among them.
        """
        given = {"far": far, "threshold": threshold, "similarity": similarity}
        require_one("the threshold", **given, threshold_file=threshold_file)
        for name, value in given.items():
            if value is not None:
                return cls(Criterion(name), value)
        return None

    def threshold(self, distance: Distance) -> float | None:
        """The threshold as a distance, if the target is a threshold."""
        if self.value is None or self.criterion not in _UNITS:
            return None
        is_distance = self.criterion is Criterion.THRESHOLD
        return self.value if is_distance else distance.of_similarity(self.value)

    @property
    def name(self) -> str:
        """As it is asked for: ``far=0.001``, ``eer``."""
        return self.criterion if self.value is None else f"{self.criterion}={plain(self.value)}"

    def __str__(self) -> str:
        if self.value is None:
            return str(self.criterion)
        if self.criterion in _UNITS:
            return f"{'d' if self.criterion is Criterion.THRESHOLD else 's'}{plain(self.value)}"
        return f"{self.criterion}{scientific(self.value)}"


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
    allow_zero
        Whether a FAR target that is not attainable gives the largest threshold that
        accepts no negative pair.
    prevalence
        Share of positive pairs among those that production compares, in (0, 1), at which
        precision is computed; ``None`` for no precision.
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
    allow_zero: bool = False
    prevalence: float | None = None
    utility: Utility = Utility.TPR_TNR
    beta: float = 1.0
    drop_duplicates: bool = False
    min_items: int = DEFAULT_MIN_ITEMS
    holdout: float | None = None
    repeats: int = 20
    score: str = ""
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
        if self.holdout is not None:
            inside = 0 < self.holdout < 1
            require(inside, "--holdout", self.holdout, "a share above 0 and below 1", "0.5")
        require_min_items(self.min_items)
        require(1 <= self.repeats <= 1000, "--repeats", self.repeats, "1 to 1000", "20")
        if self.confidence is not None and any(
            target.criterion is not Criterion.FAR for target in self.targets
        ):
            raise UsageError(
                "--confidence bounds FAR, but another criterion was asked for",
                hint="Use it with --far only.",
            )

    def _require_prevalence(self) -> None:
        if self.prevalence is not None:
            inside = 0 < self.prevalence < 1
            require(inside, "--prevalence", self.prevalence, "a share above 0 and below 1", "1e-3")
        elif any(target.criterion is Criterion.PRECISION for target in self.targets):
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
        if self.confidence is not None:
            parts.append(f"conf:{plain(self.confidence)}")
        if self.allow_zero:
            parts.append("zero:allow")
        if self.prevalence is not None:
            parts.append(f"prev:{plain(self.prevalence)}")
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
        parts += ["pairs:exact", "single:drop", "ties:accept"]
        if self.drop_duplicates:
            parts.append("dups:drop")
        if self.min_items != DEFAULT_MIN_ITEMS:
            parts.append(f"min:{self.min_items}")
        if self.holdout is not None:
            parts += [f"holdout:{plain(self.holdout)}x{self.repeats}", f"seed:{self.seed}"]
        if group_by is not None:
            parts.append(f"group:{group_by if group_by.isidentifier() else repr(group_by)}")
        return "|".join([*parts, f"v:{version}"])
