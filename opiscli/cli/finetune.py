"""``opis finetune``: a projection head that makes one threshold fit, without touching the model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from opiscli.cli import options
from opiscli.errors import UsageError

_LOSS = "What is minimised"
_HEAD = "What is trained"
_TRAINING = "How it is trained"
_VALIDATION = "How it is chosen"


def _option(help_text: str, panel: str, *names: str, **more: Any) -> Any:  # noqa: ANN401
    return typer.Option(*names, help=help_text, rich_help_panel=panel, show_default=False, **more)


_Output = Annotated[
    Path,
    _option("The head; its history is written beside it.", "Output", "-o", "--output"),
]
_Loss = Annotated[
    str | None,
    _option(
        "contrastive, triplet, multi-similarity, supcon, smooth-ap, recall-at-k, arcface, cosface,"
        " normalized-softmax, proxy-anchor or proxy-nca. Default: supcon.",
        _LOSS,
    ),
]
_LossOption = Annotated[
    list[str] | None,
    _option("A parameter of the loss. Repeat for more.", _LOSS, metavar="NAME=VALUE"),
]
_Tcm = Annotated[
    bool, _option("The threshold-consistent margin. Default: on.", _LOSS, "--tcm/--no-tcm")
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
    str | None, _option("identity, pca or whitening. Default: identity.", _HEAD, "--start")
]
_Dim = Annotated[int | None, _option("Dims of the result. Default: as many.", _HEAD)]
_Optimiser = Annotated[str | None, _option("adam or lbfgs. Default: adam.", _TRAINING)]
_Steps = Annotated[int | None, _option("At most. Default: 600.", _TRAINING)]
_Classes = Annotated[int | None, _option("Default: 32.", _TRAINING)]
_Items = Annotated[int | None, _option("Default: as many as make 128 items, 4 or more.", _TRAINING)]
_Rate = Annotated[
    float | None,
    _option("Of Adam. Default: 3e-4, less for fewer than 150 classes.", _TRAINING, "--lr"),
]
_Decay = Annotated[float | None, _option("Pull toward the start. Default: 0.01.", _TRAINING)]
_Tune = Annotated[
    int | None,
    _option(
        "Try N settings (learning rate, head, weight and margins of TCM), keep the best.",
        _TRAINING,
        metavar="N",
        min=1,
    ),
]
_Resume = Annotated[bool, _option("Go on where the same command stopped.", _TRAINING, "--resume")]
_Val = Annotated[
    str | None,
    _option("Validation SOURCE, of other classes. Default: classes set aside.", _VALIDATION),
]
_ValFraction = Annotated[
    float | None, _option("Share of classes set aside. Default: 0.2.", _VALIDATION)
]
_Objective = Annotated[
    str | None,
    _option(
        "opis: the lowest, R@1 not below the frozen embeddings'; recall: the highest, OPIS not"
        " above; both. Default: opis.",
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
    """Train a head on frozen embeddings with a metric-learning loss and TCM; do no harm.

    Some classes are set aside. Of all heads seen in training the one that serves them best is
    kept, and none if the frozen embeddings serve them better.
    """
    if val is not None and val_fraction is not None:
        raise UsageError(
            "--val and --val-fraction exclude each other", hint="Leave --val-fraction out."
        )
    if resume and tune:
        raise UsageError(
            "--resume goes on with one training, and --tune makes several",
            hint="Leave one of them out.",
        )
    asked = options.given(
        loss=loss, margins=margins, head=head, start=start, dim=dim, optimiser=optimiser,
        steps=steps, classes_per_batch=classes_per_batch, items_per_class=items_per_class,
        learning_rate=lr, decay=decay, val_fraction=val_fraction, objective=objective,
        far=options.parse_range("--far", far), seed=seed,
    )  # fmt: skip
    of_tcm = options.given(
        margin_plus=tcm_margin_pos,
        margin_minus=tcm_margin_neg,
        lambda_plus=tcm_lambda_pos,
        lambda_minus=tcm_lambda_neg,
    )
    name = options.source_or_stdin(source)

    # Imported here, because these pull in NumPy, SciPy and FAISS: --help need not wait.
    from opiscli.analysis.finetune import HeadPaths, finetune_to_file
    from opiscli.cli.console import Console
    from opiscli.report import show_text
    from opiscli.report.terminal.finetune import look_line, show_change
    from opiscli.sources import Selection, read_embeddings
    from opiscli.training.settings import settings_of

    of_loss = _numbers("--loss-option", loss_option)
    settings = settings_of(asked, of_loss, of_tcm, tcm=tcm)
    talk = Console(quiet=quiet, verbose=verbose)
    paths = HeadPaths(output, force)
    paths.require_free(resume=resume)
    selection = Selection(embedding_column, label_column, None, tuple(where or ()), labels)
    talk.say(f"reading {name}")
    items = read_embeddings(name, selection)
    held_out = None if val is None else read_embeddings(val, selection)
    outcome = finetune_to_file(
        items,
        held_out,
        settings,
        options.resources(threads, memory_limit),
        paths,
        source=name,
        n_trials=tune or 1,
        resume=resume,
        on_look=lambda look: talk.tell(look_line(**look.to_dict())),
    )
    talk.warn(outcome.warnings)
    talk.say(f"head written to {output}, history to {paths.history}")
    if json:
        show_text(outcome.to_json() + "\n")
    else:
        show_change(outcome.before, outcome.after, outcome.signature)


def _numbers(option: str, texts: list[str] | None) -> dict[str, float]:
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
    return found
