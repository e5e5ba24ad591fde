"""What a threshold is to achieve."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from opiscli.distance import Distance
from opiscli.errors import UsageError
from opiscli.settings import units
from opiscli.settings.choice import require_one
from opiscli.settings.numbers import plain, rate, scientific


class Criterion(StrEnum):
    """The criterion by which a threshold is chosen."""

    FAR = "far"
    FRR = "frr"
    TAR = "tar"
    PRECISION = "precision"
    FPIR = "fpir"
    EER = "eer"
    MAX_UTILITY = "max-utility"
    THRESHOLD = "threshold"
    SIMILARITY = "similarity"


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
        which precision is at least ``value`` at the stated prevalence. ``fpir``: the largest with
        FPIR, a share of searches, at most ``value``. ``eer``: where FAR and FRR are closest.
        ``max-utility``: where the mean utility of classes is largest. ``threshold`` and
        ``similarity``: the threshold itself, as a distance or as a cosine.
    value
        A rate in (0, 1), a distance in [0, 2] or a similarity in [-1, 1], or any score where scores
        were given; none for ``eer`` and ``max-utility``.
    score
        What pairs are compared by, if not by their cosine: bounds of thresholds are then unknown.

    Raises
    ------
    UsageError
        If there is no value where one is needed, or a rate is out of bounds. Bounds of thresholds
        depend on the source: see `threshold`.
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

    @property
    def most_frr(self) -> float | None:
        """The FRR that an FRR or TAR target allows; ``None`` for other targets."""
        if self.value is None or self.criterion not in (Criterion.FRR, Criterion.TAR):
            return None
        return self.value if self.criterion is Criterion.FRR else 1 - self.value

    def threshold(self, distance: Distance) -> float | None:
        """The threshold as pairs are counted in a distance, if the target is a threshold.

        Raises
        ------
        UsageError
            If it is out of bounds for that distance.
        """
        if self.value is None or self.criterion not in _UNITS:
            return None
        unit = _UNITS[self.criterion]
        if distance.is_given:
            units.require_given_score(unit, unit.option, distance, self.value)
        elif not self.score:
            units.require_value(unit, self.value)
        is_distance = self.criterion is Criterion.THRESHOLD
        return distance.counted(self.value) if is_distance else distance.of_similarity(self.value)

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
