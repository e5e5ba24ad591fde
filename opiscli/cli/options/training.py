"""Options of a training: loss, head and optimiser."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from opiscli.cli.options.groups import option
from opiscli.cli.options.parsing import parse_numbers
from opiscli.errors import UsageError

_LOSS = "Loss"
_HEAD = "Head"
_TRAINING = "Training"


_Loss = Annotated[
    str | None,
    option(
        "Metric-learning loss: contrastive, triplet, multi-similarity, supcon, smooth-ap, "
        "recall-at-k, uss, arcface, cosface, normalized-softmax, proxy-anchor or proxy-nca. "
        "Default: uss.",
        _LOSS,
    ),
]
_LossOption = Annotated[
    list[str] | None,
    option("Set a parameter of the loss. Repeatable.", _LOSS, metavar="NAME=VALUE"),
]
_Tcm = Annotated[
    bool,
    option("Add the threshold-consistent margin (TCM) loss. Default: on.", _LOSS, "--tcm/--no-tcm"),
]
_Margins = Annotated[
    str | None,
    option(
        "auto: move the TCM margins with the calibration range during training; fixed: keep them at"
        " 0.9 and 0.5. Default: auto, or fixed if a margin is given.",
        _LOSS,
    ),
]
_MarginPos = Annotated[
    float | None, option("Similarity that positive pairs should reach. See --margins.", _LOSS)
]
_MarginNeg = Annotated[
    float | None, option("Similarity that negative pairs should stay below. See --margins.", _LOSS)
]
_LambdaPos = Annotated[float | None, option("TCM weight of positive pairs. Default: 5.", _LOSS)]
_LambdaNeg = Annotated[float | None, option("TCM weight of negative pairs. Default: 5.", _LOSS)]
_Head = Annotated[
    str | None,
    option(
        "Head: residual (safe with few classes), linear or mlp. Default: residual.",
        _HEAD,
        "--head-type",
    ),
]
_Start = Annotated[
    str | None,
    option(
        "Initial head: identity, plda, pca or whitening. Default: plda, or identity with fewer than"
        " 20 training classes or more than 4,096 dims.",
        _HEAD,
        "--start",
    ),
]
_Dim = Annotated[int | None, option("Output dimension. Default: same as the input.", _HEAD)]
_Optimiser = Annotated[str | None, option("Optimiser: adam or lbfgs. Default: adam.", _TRAINING)]
_Steps = Annotated[int | None, option("Maximum number of steps. Default: 600.", _TRAINING)]
_Classes = Annotated[int | None, option("Number of classes per batch. Default: 32.", _TRAINING)]
_Items = Annotated[
    int | None,
    option(
        "Number of items per class in a batch. Default: 128 / classes, but at least 4.", _TRAINING
    ),
]
_Rate = Annotated[
    float | None,
    option(
        "Adam learning rate. Default: 3e-4, lower with fewer than 1,500 training classes.",
        _TRAINING,
        "--lr",
    ),
]
_Decay = Annotated[
    float | None, option("Weight decay towards the initial head. Default: 0.01.", _TRAINING)
]
_Tune = Annotated[
    int | None,
    option(
        "Train with N settings (learning rate, head, TCM weight and margins) and keep the best.",
        _TRAINING,
        metavar="N",
        min=1,
    ),
]
_Resume = Annotated[
    bool, option("Resume an interrupted run of the same command.", _TRAINING, "--resume")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossOptions:
    """What is minimised."""

    loss: _Loss = None
    loss_option: _LossOption = None
    tcm: _Tcm = True
    margins: _Margins = None
    tcm_margin_pos: _MarginPos = None
    tcm_margin_neg: _MarginNeg = None
    tcm_lambda_pos: _LambdaPos = None
    tcm_lambda_neg: _LambdaNeg = None

    @property
    def options(self) -> dict[str, Any]:
        """Parameters of `Head`."""
        options = asdict(self)
        del options["loss_option"]
        return {**options, "loss_options": parse_numbers("--loss-option", self.loss_option) or None}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadOptions:
    """What is trained, and from where."""

    head: _Head = None
    start: _Start = None
    dim: _Dim = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """How it is minimised."""

    optimiser: _Optimiser = None
    steps: _Steps = None
    classes_per_batch: _Classes = None
    items_per_class: _Items = None
    lr: _Rate = None
    decay: _Decay = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """How many trainings there are, or which one is continued."""

    tune: _Tune = None
    resume: _Resume = False

    def __post_init__(self) -> None:
        if self.resume and self.tune:
            raise UsageError(
                "--resume cannot be combined with --tune: it continues a single training run",
                hint="Leave one of them out.",
            )
