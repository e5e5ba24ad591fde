"""The settings of an evaluation, validated once and recorded in the signature."""

from dataclasses import dataclass
from enum import StrEnum

from opiscli.distance import Distance
from opiscli.errors import UsageError
from opiscli.settings.calibration_range import RangeBy as RangeBy
from opiscli.settings.calibration_range import RangeRequest as RangeRequest
from opiscli.settings.choice import require
from opiscli.settings.listed_pairs import PairUnit, pairs_in_signature
from opiscli.settings.numbers import plain, scientific

DEFAULT_SEED = 0
DEFAULT_RESAMPLES = 1000
DEFAULT_MIN_ITEMS = 2
_DEFAULT_RANGE = RangeRequest()
_MOST_BETA = 1e6
"""Its square is taken; beyond, a class score is the weighted rate alone."""


class Utility(StrEnum):
    """Which two rates of a class its utility combines."""

    TPR_TNR = "tpr-tnr"
    PRECISION_RECALL = "precision-recall"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """What `evaluate` computes. Every field affects the numbers, so it is in the signature.

    Parameters
    ----------
    distance
        Distance measure used for thresholds.
    calibration_range
        The bounds between which utility is integrated.
    utility, beta
        Utility of a class: the F-measure of sensitivity and specificity, or of
        precision and recall; ``beta`` is the weight of sensitivity, or of recall, as in F-beta.
    epsilon
        Share of classes that count as the worst, in (0, 1).
    n_thresholds
        Grid points over the calibration range, both ends included; at least 2.
    ks
        Ranks at which recall is reported.
    ranking
        Whether MAP@R and R-precision are reported.
    drop_duplicates
        Whether repeated embeddings were removed before counting.
    min_items
        Classes with fewer items only form negative pairs; at least 2.
    sample_pairs
        About how many pairs are to stand for all; ``None`` for all of them.
    gallery
        Whether queries are held against a separate gallery, and pairs are across the two.
    prevalence
        Share of positive pairs among those that production compares, in (0, 1), at which
        precision is computed; ``None`` for no precision.
    score
        What pairs are compared by, if not by their cosine; follows from the data.
    unit
        Of a source of pairs, what intervals of rates are based on; ``None`` where pairs are formed
        between items. Follows from the data.
    seed
        Of the bootstrap over classes, and of the sample of pairs.
    n_resamples
        Bootstrap resamples behind each interval.

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    distance: Distance = Distance.EUCLIDEAN
    calibration_range: RangeRequest = _DEFAULT_RANGE
    utility: Utility = Utility.TPR_TNR
    beta: float = 1.0
    epsilon: float = 0.1
    n_thresholds: int = 201
    ks: tuple[int, ...] = (1,)
    ranking: bool = False
    drop_duplicates: bool = False
    min_items: int = DEFAULT_MIN_ITEMS
    sample_pairs: int | None = None
    gallery: bool = False
    prevalence: float | None = None
    score: str = ""
    unit: PairUnit | None = None
    seed: int = DEFAULT_SEED
    n_resamples: int = DEFAULT_RESAMPLES

    def __post_init__(self) -> None:
        require(0 < self.beta <= _MOST_BETA, "--beta", self.beta, "above 0, at most 1e6", "1")
        require(0 < self.epsilon < 1, "--epsilon", self.epsilon, "above 0 and below 1", "0.1")
        require(
            2 <= self.n_thresholds <= 10_001, "--thresholds", self.n_thresholds, "2 to 10001", "201"
        )
        require(self.seed >= 0, "--seed", self.seed, "0 or more", "0")
        require(self.n_resamples >= 100, "n_resamples", self.n_resamples, "100 or more", "1000")
        require_min_items(self.min_items)
        require_prevalence(self.prevalence)
        self.calibration_range.require_possible(self.distance)
        if self.sample_pairs is not None:
            require(
                self.sample_pairs >= 1000,
                "--sample-pairs",
                self.sample_pairs,
                "1000 or more",
                "1e9",
            )
            if self.ranking:
                raise UsageError(
                    "--ranking needs counts of all pairs, but --sample-pairs counts only some",
                    hint="Leave one of the two out.",
                )
        for k in self.ks:
            require(1 <= k <= 1000, "--k", k, "ranks from 1 to 1000", "1,5,10")
        if self.gallery:
            self._require_what_a_gallery_has()

    def _require_what_a_gallery_has(self) -> None:
        if any(k > 1 for k in self.ks):
            raise UsageError(
                f"--k={','.join(map(str, self.ks))} asks for R@{max(self.ks)}, but against a"
                " --gallery only R@1 is known",
                hint="Leave --k out.",
            )
        for option, is_given in (
            ("--ranking", self.ranking),
            ("--drop-duplicates", self.drop_duplicates),
            ("--sample-pairs", self.sample_pairs is not None),
        ):
            if is_given:
                raise refused_with_gallery(option)

    def _pairs(self) -> list[str]:
        """Parts of the signature: which pairs are counted."""
        if self.unit is not None:
            return pairs_in_signature(self.unit)
        sampled = self.sample_pairs
        pairs = "exact" if sampled is None else f"sampled{scientific(sampled)}"
        which = ["gallery:separate", "unmatched:drop"] if self.gallery else ["single:drop"]
        return [f"pairs:{pairs}", *which]

    def signature(self, version: str, *, group_by: str | None = None) -> str:
        """Every setting that moves a number in one line, to quote beside the numbers."""
        parts = [
            "opis",
            f"d:{self.distance}",
            *([f"score:{self.score}"] if self.score else []),
            f"u:{self.utility}",
            f"b:{plain(self.beta)}",
            f"range:{self.calibration_range}",
            f"grid:{self.n_thresholds}",
            f"eps:{plain(self.epsilon)}",
            *self._pairs(),
            "ties:accept",
        ]
        if self.drop_duplicates:
            parts.append("dups:drop")
        if self.min_items != DEFAULT_MIN_ITEMS:
            parts.append(f"min:{self.min_items}")
        if self.prevalence is not None:
            parts.append(f"prev:{plain(self.prevalence)}")
        if self.seed != DEFAULT_SEED or self.sample_pairs is not None:
            parts.append(f"seed:{self.seed}")
        if self.n_resamples != DEFAULT_RESAMPLES:
            parts.append(f"resamples:{self.n_resamples}")
        if group_by is not None:
            parts.append(f"group:{group_by if group_by.isidentifier() else repr(group_by)}")
        return "|".join([*parts, f"v:{version}"])


def without_score(signature: str) -> str:
    """A signature without what pairs were compared by, which is what a comparison may be about.

    Nor does it have the prevalence, which moves no number that is compared.
    """
    left_out = ("score:", "prev:")
    return "|".join(part for part in signature.split("|") if not part.startswith(left_out))


def require_min_items(min_items: int) -> None:
    """Raise `UsageError` if classes of this size have no positive pairs."""
    require(min_items >= 2, "--min-items", min_items, "2 or more", "5")


def require_prevalence(prevalence: float | None) -> None:
    """Raise `UsageError` if this is given and no share of pairs."""
    if prevalence is not None:
        inside = 0 < prevalence < 1
        require(inside, "--prevalence", prevalence, "a share above 0 and below 1", "1e-3")


def refused_with_gallery(option: str) -> UsageError:
    """Explain that an option is for one set."""
    return UsageError(
        f"{option} is for the pairs within one set, but with --gallery all pairs are across two",
        hint="Leave one of the two out.",
    )
