"""``opis finetune``: train a projection head on frozen embeddings."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from opiscli.cli.options import output as out
from opiscli.cli.options import rows, running
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.options.parsing import parse_numbers, parse_range, source_or_stdin
from opiscli.errors import UsageError
from opiscli.settings.choice import given

if TYPE_CHECKING:
    from opiscli.analysis.finetune import FineTuned
    from opiscli.cli.options.console import Console
    from opiscli.embeddings.embedding_set import EmbeddingSet
    from opiscli.training.head import Head
    from opiscli.training.result import ValidationStep

_LOSS = "Loss"
_HEAD = "Head"
_TRAINING = "Training"
_VALIDATION = "Validation"


_Output = Annotated[
    Path,
    option("File for the head; its history is written beside it.", out.PANEL, "-o", "--output"),
]
_Loss = Annotated[
    str | None,
    option(
        "Metric-learning loss: contrastive, triplet, multi-similarity, supcon, smooth-ap, "
        "recall-at-k, arcface, cosface, normalized-softmax, proxy-anchor or proxy-nca. "
        "Default: supcon.",
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
    option("Initial head: identity, plda, pca or whitening. Default: identity.", _HEAD, "--start"),
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
        "Adam learning rate. Default: 3e-4, lower with fewer than 150 training classes.",
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
_Val = Annotated[
    str | None,
    option("Validation SOURCE with other classes. Default: held-out classes.", _VALIDATION),
]
_ValFraction = Annotated[
    float | None, option("Share of classes held out for validation. Default: 0.2.", _VALIDATION)
]
_Objective = Annotated[
    str | None,
    option(
        "How the checkpoint is selected. opis: lowest OPIS without losing R@1; recall: highest R@1"
        " without raising OPIS; both: must improve both. Default: opis.",
        _VALIDATION,
    ),
]
_Far = Annotated[
    str | None,
    option(
        "Calibration range by pooled false-accept rate. Default: 1e-2:1e-1.",
        _VALIDATION,
        "--far-range",
        metavar="LO:HI",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _LossOptions:
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
class _HeadOptions:
    head: _Head = None
    start: _Start = None
    dim: _Dim = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Descent:
    optimiser: _Optimiser = None
    steps: _Steps = None
    classes_per_batch: _Classes = None
    items_per_class: _Items = None
    lr: _Rate = None
    decay: _Decay = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempts:
    tune: _Tune = None
    resume: _Resume = False

    def __post_init__(self) -> None:
        if self.resume and self.tune:
            raise UsageError(
                "--resume cannot be combined with --tune: it continues a single training run",
                hint="Leave one of them out.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _ValidationOptions:
    val: _Val = None
    val_fraction: _ValFraction = None
    objective: _Objective = None
    far: _Far = None

    def __post_init__(self) -> None:
        if self.val is not None and self.val_fraction is not None:
            raise UsageError(
                "use either --val or --val-fraction, not both", hint="Leave --val-fraction out."
            )

    def read(self, rows_: rows.Rows) -> "EmbeddingSet | None":
        """The validation set, if ``--val`` is given."""
        # --labels are those of the training items.
        return None if self.val is None else _read(self.val, replace(rows_, labels=None))

    @property
    def options(self) -> dict[str, Any]:
        """Parameters of `Head`."""
        far = parse_range("--far-range", self.far)
        return {"val_fraction": self.val_fraction, "objective": self.objective, "far": far}


@takes_groups
def finetune(
    source: rows.Source = None,
    *,
    output: _Output,
    read: rows.Rows,
    loss: _LossOptions,
    head: _HeadOptions,
    descent: _Descent,
    attempts: _Attempts,
    validation: _ValidationOptions,
    force: out.Force = False,
    json: out.Json = False,
    seed: running.Seed = None,
    run: running.Running,
) -> None:
    """Train a projection head on frozen embeddings with a metric-learning loss and TCM.

    The best checkpoint on the validation classes is kept.
    If none improves on the original embeddings, an identity head is written.
    """
    name, console = source_or_stdin(source), run.console
    from opiscli.analysis.finetune import finetune_to_file
    from opiscli.training.head_paths import HeadPaths

    asked = {**asdict(head), **asdict(descent), **validation.options, "tune": attempts.tune}
    untrained, paths = _untrained(**loss.options, **asked, seed=seed), HeadPaths(output, force)
    paths.require_free(resume=attempts.resume)
    with console.relayed():
        tuned = finetune_to_file(
            _read(name, read),
            validation.read(read),
            untrained,
            run.resources,
            paths,
            source=name,
            resume=attempts.resume,
            on_validation=lambda step: _tell(step, console.tell),
        )
    console.say(f"head written to {output}, history to {paths.history}")
    _show(tuned, console, json=json)


def _read(source: str, rows_: rows.Rows) -> "EmbeddingSet":
    from opiscli.sources import read_embeddings

    return read_embeddings(source, rows_.selection())


def _untrained(**options: Any) -> "Head":  # noqa: ANN401
    """An untrained head whose settings are validated before anything is read."""
    from opiscli.training.head import Head

    head = Head(**given(**options))
    head.settings()
    return head


def _tell(step: "ValidationStep", tell: Callable[[str], None]) -> None:
    from opiscli.report.terminal.finetune import validation_line

    tell(validation_line(**step.to_dict()))


def _show(tuned: "FineTuned", console: "Console", *, json: bool) -> None:
    from opiscli.report import show_text
    from opiscli.report.finetuning import show_finetuning

    console.warn(tuned.warnings)
    if json:
        show_text(tuned.to_json() + "\n")
    else:
        show_finetuning(tuned.report)
