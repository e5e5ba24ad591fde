"""``opis finetune``: a projection head that makes one threshold fit, without touching the model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from opiscli.cli import options
from opiscli.errors import UsageError
from opiscli.training.losses import LOSSES

_LOSS = "Loss"
_HEAD = "Head"
_TRAINING = "Training"
_VALIDATION = "Validation"


def _option(help_text: str, panel: str, *names: str, **more: Any) -> Any:  # noqa: ANN401
    return typer.Option(*names, help=help_text, rich_help_panel=panel, show_default=False, **more)


_Output = Annotated[
    Path,
    _option(
        "The head file; its training history is written beside it.", "Output", "-o", "--output"
    ),
]
_Loss = Annotated[
    str | None,
    _option(
        f"Base loss: {', '.join(LOSSES)}. Default: supcon.",
        _LOSS,
    ),
]
_LossOption = Annotated[
    list[str] | None,
    _option("A parameter of the loss. Repeat for more.", _LOSS, metavar="NAME=VALUE"),
]
_Tcm = Annotated[
    bool, _option("Add the threshold-consistent margin. Default: on.", _LOSS, "--tcm/--no-tcm")
]
_Margins = Annotated[
    str | None,
    _option(
        "auto: TCM's margins follow the calibration range as the head learns; fixed: they stay at"
        " 0.9 and 0.5. Default: auto, unless a margin is given.",
        _LOSS,
    ),
]
_MarginPos = Annotated[float | None, _option("Similarity that positives should reach.", _LOSS)]
_MarginNeg = Annotated[float | None, _option("Similarity negatives should stay below.", _LOSS)]
_LambdaPos = Annotated[float | None, _option("Weight of the positives. Default: 5.", _LOSS)]
_LambdaNeg = Annotated[float | None, _option("Weight of the negatives. Default: 5.", _LOSS)]
_Head = Annotated[
    str | None,
    _option("residual (safe with few classes), linear or mlp. Default: residual.", _HEAD),
]
_Start = Annotated[
    str | None,
    _option("Initialisation: identity, pca or whitening. Default: identity.", _HEAD, "--start"),
]
_Dim = Annotated[int | None, _option("Output dimension. Default: same as input.", _HEAD)]
_Optimiser = Annotated[str | None, _option("adam or lbfgs. Default: adam.", _TRAINING)]
_Steps = Annotated[int | None, _option("Maximum number of steps. Default: 600.", _TRAINING)]
_Classes = Annotated[int | None, _option("Classes in a batch. Default: 32.", _TRAINING)]
_Items = Annotated[
    int | None,
    _option(
        "Items of each class in a batch. Default: as many as make 128 in all, 4 or more.", _TRAINING
    ),
]
_Rate = Annotated[
    float | None,
    _option(
        "Adam learning rate. Default: 3e-4, less with fewer than 150 classes.", _TRAINING, "--lr"
    ),
]
_Decay = Annotated[
    float | None, _option("Weight decay towards the initial head. Default: 0.01.", _TRAINING)
]
_Tune = Annotated[
    int | None,
    _option(
        "Try N settings (learning rate, head, weight and margins of TCM), keep the best.",
        _TRAINING,
        metavar="N",
        min=1,
    ),
]
_Resume = Annotated[
    bool, _option("Resume an interrupted run of the same command.", _TRAINING, "--resume")
]
_Val = Annotated[
    str | None,
    _option("Validation SOURCE with other classes. Default: classes are set aside.", _VALIDATION),
]
_ValFraction = Annotated[
    float | None, _option("Share of classes set aside. Default: 0.2.", _VALIDATION)
]
_Objective = Annotated[
    str | None,
    _option(
        "opis: lowest OPIS without losing R@1; recall: highest R@1 without raising OPIS; both:"
        " must improve both. Default: opis.",
        _VALIDATION,
    ),
]
_Far = Annotated[
    str | None,
    _option("Calibration range of OPIS. Default: 1e-2:1e-1.", _VALIDATION, metavar="LO:HI"),
]


def finetune(
    source: options.Source = None,
    *,
    output: _Output,
    embedding_column: options.EmbeddingColumn = None,
    label_column: options.LabelColumn = None,
    where: options.Where = None,
    labels: options.LabelsFile = None,
    loss: _Loss = None,
    loss_option: _LossOption = None,
    tcm: _Tcm = True,
    margins: _Margins = None,
    tcm_margin_pos: _MarginPos = None,
    tcm_margin_neg: _MarginNeg = None,
    tcm_lambda_pos: _LambdaPos = None,
    tcm_lambda_neg: _LambdaNeg = None,
    head: _Head = None,
    start: _Start = None,
    dim: _Dim = None,
    optimiser: _Optimiser = None,
    steps: _Steps = None,
    classes_per_batch: _Classes = None,
    items_per_class: _Items = None,
    lr: _Rate = None,
    decay: _Decay = None,
    tune: _Tune = None,
    resume: _Resume = False,
    val: _Val = None,
    val_fraction: _ValFraction = None,
    objective: _Objective = None,
    far: _Far = None,
    force: options.Force = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    seed: options.Seed = None,
    threads: options.Threads = None,
    memory_limit: options.MemoryLimit = None,
) -> None:
    """Train a projection head on frozen embeddings.

    Keeps the original embeddings if the head is not better on held-out classes: the best
    checkpoint on the validation classes is kept, and if none improves on the original
    embeddings, an identity head is written.
    """
    if val is not None and val_fraction is not None:
        raise UsageError("--val and --val-fraction cannot be combined", hint="Omit --val-fraction.")
    if resume and tune:
        raise UsageError(
            "--resume continues a single training, and --tune makes several",
            hint="Omit one of them.",
        )
    asked = options.given(
        loss=loss, margins=margins, head=head, start=start, dim=dim, optimiser=optimiser,
        steps=steps, classes_per_batch=classes_per_batch, items_per_class=items_per_class,
        lr=lr, decay=decay, tune=tune, val_fraction=val_fraction, objective=objective,
        far=options.parse_range("--far", far), seed=seed, tcm_margin_pos=tcm_margin_pos,
        tcm_margin_neg=tcm_margin_neg, tcm_lambda_pos=tcm_lambda_pos,
        tcm_lambda_neg=tcm_lambda_neg, loss_options=_numbers("--loss-option", loss_option),
    )  # fmt: skip
    name = options.source_or_stdin(source)

    # Imported here, because these pull in NumPy, SciPy and FAISS: --help need not wait.
    from opiscli.analysis.finetune import finetune_to_file
    from opiscli.cli.console import Console
    from opiscli.report import show_text
    from opiscli.report.terminal.finetune import show_finetuning, validation_line
    from opiscli.sources import Selection, read_embeddings
    from opiscli.training.head import Head
    from opiscli.training.head_paths import HeadPaths

    untrained = Head(**asked, tcm=tcm)
    untrained.settings()
    talk = Console(quiet=quiet, verbose=verbose)
    paths = HeadPaths(output, force)
    paths.require_free(resume=resume)
    selection = Selection(embedding_column, label_column, None, tuple(where or ()), labels)
    talk.say(f"reading {name}")
    items = read_embeddings(name, selection)
    val_items = None if val is None else read_embeddings(val, selection)
    tuned = finetune_to_file(
        items,
        val_items,
        untrained,
        options.resources(threads, memory_limit),
        paths,
        source=name,
        resume=resume,
        on_validation=lambda step: talk.tell(validation_line(**step.to_dict())),
    )
    talk.warn(tuned.warnings)
    talk.say(f"head written to {output}, history to {paths.history}")
    if json:
        show_text(tuned.to_json() + "\n")
    else:
        show_finetuning(tuned.report)


def _numbers(option: str, texts: list[str] | None) -> dict[str, float] | None:
    found = {}
    for text in texts or []:
        name, _, value = text.partition("=")
        try:
            found[name] = float(value)
        except ValueError as cause:
            raise UsageError(
                f"{option} {text} is not NAME=VALUE with a number",
                hint=f"For example {option} temperature=0.1.",
            ) from cause
    return found or None
