"""All training settings that affect the head."""

import math
from dataclasses import dataclass
from enum import StrEnum

from opiscli.errors import UsageError
from opiscli.heads import HeadKind
from opiscli.heads.initialisation import StartKind
from opiscli.settings.evaluation import RangeRequest
from opiscli.settings.numbers import plain
from opiscli.settings.version import __version__
from opiscli.training.losses import default_options
from opiscli.training.tcm import ThresholdConsistentMargin

DEFAULT_TCM = ThresholdConsistentMargin(lambda_plus=5.0, lambda_minus=5.0)
"""Weights for margins that follow the calibration range; see benchmarks/tcm_study."""

_LEARNING_RATE = 3e-4
_MANY_CLASSES = 150
_MANY_CLASSES_FROM_PLDA = 1500
_FEWEST_FOR_PLDA = 20
_MOST_DIMS_FOR_PLDA = 4096


class Margins(StrEnum):
    """How the TCM margins are set: fixed, or at the ends of the calibration range."""

    AUTO = "auto"
    FIXED = "fixed"


class Choose(StrEnum):
    """On which classes a head is chosen."""

    CROSS_VALIDATION = "cross-validation"
    VALIDATION = "validation"


class Objective(StrEnum):
    """The metric that selects the checkpoint; the other metric must not get worse."""

    OPIS = "opis"
    RECALL = "recall"
    BOTH = "both"


class Optimiser(StrEnum):
    """The optimiser."""

    ADAM = "adam"
    LBFGS = "lbfgs"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSettings:
    """Training settings. Each affects the head, so each is in the signature.

    Parameters
    ----------
    loss, loss_options
        Name of the base loss, and its parameters that are not the default.
    tcm
        The regulariser, or none. With automatic margins only its weights count.
    margins, margins_far
        ``auto``: the margins are the similarities at which the head has these two
        false-accept rates (by default ``far``), measured on training items as it learns.
    head, start, dim
        Kind of head, its initialisation, and its output dimension (by default that of the
        input).
    optimiser, steps, learning_rate, decay
        Learning rate of Adam, by default as in `rate_for`; weight decay towards the initial
        head.
    classes_per_batch, items_per_class
        Size of a batch. By default as many items of each class as make 128 in all, 4 or more.
    objective, far, at_far
        How a head is chosen, the calibration range of its OPIS, and the false-accept rate of
        the threshold at which TAR must not fall.
    choose, careful, val_fraction, test_fraction
        ``cross-validation``: on each part of the training classes, through a head that was
        trained on the others, with stricter rules if ``careful``; ``validation``: on this share
        of the classes. A further share may be set aside for a test.
    normalize
        Whether offsets by a cohort of training items may be part of the head.
    seed
        Random seed.

    Raises
    ------
    UsageError
        If a value is out of its range, or there is no such loss or option.
    """

    loss: str = "uss"
    loss_options: tuple[tuple[str, float], ...] = ()
    tcm: ThresholdConsistentMargin | None = DEFAULT_TCM
    margins: Margins = Margins.AUTO
    margins_far: tuple[float, float] | None = None
    head: HeadKind = HeadKind.RESIDUAL
    start: StartKind = StartKind.AUTO
    dim: int | None = None
    optimiser: Optimiser = Optimiser.ADAM
    steps: int = 600
    learning_rate: float | None = None
    decay: float = 0.01
    classes_per_batch: int = 32
    items_per_class: int | None = None
    objective: Objective = Objective.OPIS
    far: tuple[float, float] = (1e-2, 1e-1)
    at_far: float = 1e-3
    choose: Choose = Choose.CROSS_VALIDATION
    careful: bool = False
    val_fraction: float = 0.2
    test_fraction: float = 0.0
    normalize: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        known = default_options(self.loss)
        for name, _ in self.loss_options:
            if name not in known:
                raise UsageError(
                    f"loss {self.loss} has no option {name!r}, expected one of: {', '.join(known)}",
                    hint=f"For example --loss-option={next(iter(known))}=1.",
                )
        _require(1 <= self.steps <= 10**7, "--steps", self.steps, "1 or more", "600")
        rate = self.learning_rate
        _require(rate is None or _positive(rate), "--lr", rate, "above 0", "3e-4")
        _require(0 <= self.decay < math.inf, "--decay", self.decay, "0 or more", "0.01")
        per_batch, per_class = self.classes_per_batch, self.items_per_class
        _require(per_batch >= 2, "--classes-per-batch", per_batch, "2 or more", "32")
        _require(
            per_class is None or per_class >= 2, "--items-per-class", per_class, "2 or more", "4"
        )
        val, test, at_far = self.val_fraction, self.test_fraction, self.at_far
        _require(0 < val < 1, "--val-fraction", val, "between 0 and 1", "0.2")
        _require(0 <= test < 1, "--test-fraction", test, "0 or more and less than 1", "0.2")
        _require(0 < at_far < 1, "--at-far", at_far, "between 0 and 1", "1e-3")
        _require(self.seed >= 0, "--seed", self.seed, "0 or more", "0")
        for far in (self.far, self.margins_far or self.far):
            RangeRequest.of(far=far)
        if self.tcm is not None:
            _require_tcm(self.tcm)

    def start_for(self, n_classes: int, dims: int) -> StartKind:
        """The initialisation for a number of training classes and of dims, if it is left open.

        PLDA from 20 classes on, and up to 4,096 dims, where it takes a minute. With 5 and 10
        classes, heads from it raised the OPIS of unseen classes on two of three sets; from 20
        on their half dose lowered it on all three.
        """
        if self.start is not StartKind.AUTO:
            return self.start
        fits = n_classes >= _FEWEST_FOR_PLDA and dims <= _MOST_DIMS_FOR_PLDA
        return StartKind.PLDA if fits else StartKind.IDENTITY

    def rate_for(self, n_classes: int) -> float:
        """Adam learning rate for a number of training classes: lower for fewer than 150.

        With a few dozen classes or fewer, a rate that suits thousands overfits to them (see
        benchmarks/tcm_study). A head from PLDA has less to learn and overfits sooner: its rate is
        lower for fewer than 1,500 classes. On 160 and 320 classes of wordnet384 the full rate
        changed OPIS on unseen classes by +10 and -2 %, a tenth of it by -13 and -24 %.
        """
        if self.learning_rate is not None:
            return self.learning_rate
        many = _MANY_CLASSES_FROM_PLDA if self.start is StartKind.PLDA else _MANY_CLASSES
        return _LEARNING_RATE * min(1, n_classes / many)

    @property
    def calibration_range(self) -> RangeRequest:
        """The calibration range, over which OPIS is integrated."""
        return RangeRequest.of(far=self.far)

    def signature(self) -> str:
        """All settings in one line, to quote beside the numbers."""
        options = ",".join(f"{name}={plain(value)}" for name, value in self.loss_options)
        parts = [
            "opis-finetune",
            f"loss:{self.loss}{f'({options})' if options else ''}",
            f"tcm:{self._tcm()}",
            f"head:{self.head}",
            f"start:{self.start}",
            f"dim:{'same' if self.dim is None else self.dim}",
            f"opt:{self.optimiser}",
            f"steps:{self.steps}",
            f"lr:{self._rate()}",
            f"decay:{plain(self.decay)}",
            f"batch:{self.classes_per_batch}x{self.items_per_class or 'auto'}",
            f"objective:{self.objective}",
            f"range:{self.calibration_range}",
            f"choose:{self._choice()}",
            *(["normalize"] if self.normalize else []),
            f"seed:{self.seed}",
        ]
        return "|".join([*parts, f"v:{__version__}"])

    def _rate(self) -> str:
        if self.optimiser is Optimiser.LBFGS:
            return "search"
        return "auto" if self.learning_rate is None else plain(self.learning_rate)

    def _choice(self) -> str:
        if self.choose is Choose.VALIDATION:
            rule = f"val{plain(self.val_fraction)}"
        else:
            rule = f"{'careful' if self.careful else 'cross'}@far{plain(self.at_far)}"
        return rule if self.test_fraction == 0 else f"{rule}-test{plain(self.test_fraction)}"

    def _tcm(self) -> str:
        if self.tcm is None:
            return "none"
        margins = f"{plain(self.tcm.margin_plus)},{plain(self.tcm.margin_minus)}"
        weights = f"{plain(self.tcm.lambda_plus)},{plain(self.tcm.lambda_minus)}"
        if self.margins is Margins.AUTO:
            lo, hi = self.margins_far or self.far
            margins = f"far{plain(lo)}..{plain(hi)}"
        return f"{margins}*{weights}"


def _require_tcm(tcm: ThresholdConsistentMargin) -> None:
    for option, margin in (("pos", tcm.margin_plus), ("neg", tcm.margin_minus)):
        _require(-1 <= margin <= 1, f"--tcm-margin-{option}", margin, "-1 to 1", "0.5")
    for option, weight in (("pos", tcm.lambda_plus), ("neg", tcm.lambda_minus)):
        _require(0 <= weight < math.inf, f"--tcm-lambda-{option}", weight, "0 or more", "1")


def _positive(value: float) -> bool:
    return 0 < value < math.inf


def _require(holds: bool, option: str, value: object, expected: str, example: str) -> None:
    if not holds:
        raise UsageError(
            f"{option} is {value}, expected {expected}", hint=f"For example {option}={example}."
        )
