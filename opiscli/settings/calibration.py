"""What a threshold is to achieve, checked once and written down as a signature."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opiscli.distance import Distance
from opiscli.errors import UsageError
from opiscli.settings.choice import require, require_one
from opiscli.settings.evaluation import DEFAULT_SEED, Utility
from opiscli.settings.numbers import plain, rate, scientific


class Criterion(StrEnum):
    """What decides which threshold is chosen."""

    FAR = "far"
    FRR = "frr"
    TAR = "tar"
    EER = "eer"
    MAX_UTILITY = "max-utility"
    THRESHOLD = "threshold"


class Average(StrEnum):
    """Whether a rate counts every pair once, or every class."""

    POOLED = "pooled"
    MACRO = "macro"


_WITHOUT_VALUE = (Criterion.EER, Criterion.MAX_UTILITY)


@dataclass(frozen=True, slots=True)
class Target:
    """What one threshold is to achieve.

    Parameters
    ----------
    criterion
        ``far``: the largest threshold with FAR at most ``value``. ``frr`` and ``tar``: the
        smallest with FRR at most, or TAR at least, ``value``. ``eer``: where FAR and FRR
        are closest. ``max-utility``: where the mean utility of classes is largest.
        ``threshold``: the threshold itself.
    value
        A rate in (0, 1), or a distance in [0, 2]; none for ``eer`` and ``max-utility``.

    Raises
    ------
    UsageError
        If there is no value where one is needed, or it is out of bounds.
    """

    criterion: Criterion
    value: float | None = None

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
        if self.criterion is Criterion.THRESHOLD:
            inside, bounds, example = 0 <= self.value <= 2, "a distance in [0, 2]", "0.8"
        else:
            inside, bounds, example = 0 < self.value < 1, "a rate above 0 and below 1", "1e-3"
        require(inside, f"--{self.criterion}", f"{self.value:g}", bounds, example)

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
    ) -> "tuple[Target, ...]":
        """All targets that are asked for, each once: rates, criteria, then thresholds.

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
        )
        return tuple(dict.fromkeys(found))

    @classmethod
    def one_of(
        cls,
        *,
        far: float | None = None,
        threshold: float | None = None,
        threshold_file: object = None,
        default_far: float = 1e-3,
    ) -> "Target":
        """The one target that is asked for, by default a FAR.

        Raises
        ------
        UsageError
            If more than one is given, a file of a threshold among them.
        """
        require_one("the threshold", far=far, threshold=threshold, threshold_file=threshold_file)
        if threshold is not None:
            return cls(Criterion.THRESHOLD, threshold)
        return cls(Criterion.FAR, default_far if far is None else far)

    @property
    def name(self) -> str:
        """As it is asked for: ``far=0.001``, ``eer``."""
        return self.criterion if self.value is None else f"{self.criterion}={plain(self.value)}"

    def __str__(self) -> str:
        if self.value is None:
            return str(self.criterion)
        if self.criterion is Criterion.THRESHOLD:
            return f"d{plain(self.value)}"
        return f"{self.criterion}{scientific(self.value)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSettings:
    """What `calibrate` computes. Every field moves a number, so every field is in the signature.

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
    utility, beta
        Of a class, for ``max-utility``.
    drop_duplicates
        Whether repeated embeddings were removed before counting.
    holdout, repeats
        Share of classes to choose the threshold on, the others being tested, in (0, 1),
        and how often; ``None`` for not at all.
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
    utility: Utility = Utility.TPR_TNR
    beta: float = 1.0
    drop_duplicates: bool = False
    holdout: float | None = None
    repeats: int = 20
    seed: int = DEFAULT_SEED

    def __post_init__(self) -> None:
        if not self.targets:
            raise UsageError(
                "no target was given",
                hint="For example --far=1e-3, --criterion=eer or --threshold=0.8.",
            )
        if self.confidence is not None:
            inside = 0.5 <= self.confidence < 1
            require(inside, "--confidence", self.confidence, "0.5 or more and below 1", "0.95")
        if self.holdout is not None:
            inside = 0 < self.holdout < 1
            require(inside, "--holdout", self.holdout, "a share above 0 and below 1", "0.5")
        require(1 <= self.repeats <= 1000, "--repeats", self.repeats, "1 to 1000", "20")
        if self.confidence is not None and any(
            target.criterion is not Criterion.FAR for target in self.targets
        ):
            raise UsageError(
                "--confidence bounds FAR, but another criterion was asked for",
                hint="Use it with --far only.",
            )

    def signature(self, version: str, *, group_by: str | None = None) -> str:
        """Every setting that moves a number in one line, to quote beside the numbers."""
        parts = [
            "opis",
            f"d:{self.distance}",
            f"target:{','.join(str(target) for target in self.targets)}",
            f"avg:{self.average}",
        ]
        if any(target.criterion is Criterion.MAX_UTILITY for target in self.targets):
            parts += [f"u:{self.utility}", f"b:{plain(self.beta)}"]
        if self.confidence is not None:
            parts.append(f"conf:{plain(self.confidence)}")
        if self.allow_zero:
            parts.append("zero:allow")
        parts += ["pairs:exact", "single:drop", "ties:accept"]
        if self.drop_duplicates:
            parts.append("dups:drop")
        if self.holdout is not None:
            parts += [f"holdout:{plain(self.holdout)}x{self.repeats}", f"seed:{self.seed}"]
        if group_by is not None:
            parts.append(f"group:{group_by if group_by.isidentifier() else repr(group_by)}")
        return "|".join([*parts, f"v:{version}"])
