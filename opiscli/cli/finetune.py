"""``opis finetune``: train a projection head on frozen embeddings."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from opiscli.cli.options import output as out
from opiscli.cli.options import rows, running, training
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.options.head_choice import ChoiceOptions
from opiscli.cli.options.parsing import source_or_stdin
from opiscli.settings.choice import given

if TYPE_CHECKING:
    from opiscli.analysis.finetune import FineTuned
    from opiscli.cli.options.console import Console
    from opiscli.embeddings.embedding_set import EmbeddingSet
    from opiscli.training.head import Head
    from opiscli.training.head_paths import HeadPaths
    from opiscli.training.result import ValidationStep

_Output = Annotated[
    Path,
    option("File for the head; its history is written beside it.", out.PANEL, "-o", "--output"),
]


@takes_groups
def finetune(
    source: rows.Source = None,
    *,
    output: _Output,
    read: rows.Rows,
    loss: training.LossOptions,
    head: training.HeadOptions,
    descent: training.Descent,
    attempts: training.Attempts,
    choice: ChoiceOptions,
    force: out.Force = False,
    json: out.Json = False,
    seed: running.Seed = None,
    run: running.Running,
) -> None:
    """Train a projection head on frozen embeddings with a metric-learning loss and TCM.

    A head is kept only if it is better than the original embeddings on classes
    that it was not trained on; otherwise an identity head is written.
    """
    name, console = source_or_stdin(source), run.console
    from opiscli.analysis.finetune import finetune_to_file
    from opiscli.training.head_paths import HeadPaths

    asked = {**loss.options, **asdict(head), **asdict(descent), **choice.options, "seed": seed}
    untrained, paths = _untrained(choice, **asked, tune=attempts.tune), HeadPaths(output, force)
    paths.require_free(resume=attempts.resume)
    with console.relayed():
        tuned = finetune_to_file(
            _read(name, read, run),
            _read_validation(choice.val, read, run),
            untrained,
            run.resources,
            paths,
            source=name,
            resume=attempts.resume,
            on_validation=lambda step: _tell(step, untrained.steps, console.tell),
        )
    _show(tuned, paths, console, json=json)


def _read(source: str, rows_: rows.Rows, run: running.Running) -> "EmbeddingSet":
    from opiscli.analysis.inputs import Work

    return rows_.of(source).open(Work(run.resources)).items("opis finetune")


def _read_validation(
    source: str | None, rows_: rows.Rows, run: running.Running
) -> "EmbeddingSet | None":
    # --labels are those of the training items.
    return None if source is None else _read(source, replace(rows_, labels=None), run)


def _untrained(choice: ChoiceOptions, **options: Any) -> "Head":  # noqa: ANN401
    """An untrained head whose settings are validated before anything is read."""
    from opiscli.training.head import Head

    head = Head(**given(**options))
    head.settings(val_given=choice.val is not None)
    return head


def _tell(step: "ValidationStep", n_steps: int, tell: Callable[[str], None]) -> None:
    if step.opis is None and 0 < step.step < n_steps:
        return  # a cross-validation has many trainings; of each, only the start and the end
    from opiscli.report.terminal.finetune import training_line

    tell(training_line(**step.to_dict()))


def _show(tuned: "FineTuned", paths: "HeadPaths", console: "Console", *, json: bool) -> None:
    from opiscli.report import show_text
    from opiscli.report.finetuning import show_finetuning

    console.say(f"head written to {paths.head}, history to {paths.history}")
    console.warn(tuned.warnings)
    if json:
        show_text(tuned.to_json() + "\n")
    else:
        show_finetuning(tuned.report)
