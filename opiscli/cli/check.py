"""``opis check``: a gate for the CI of a model repository."""

from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.conditions import Condition
from opiscli.errors import UsageError
from opiscli.report.formats import Format

_FailIf = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CONDITION",
        help="For example 'opis>0.01', 'recall@1<0.9' or 'tar@far=1e-3<0.5'. Repeatable: the check"
        " fails if any holds.",
        rich_help_panel="When to fail",
        show_default=False,
    ),
]
_Threshold = Annotated[
    float | None,
    typer.Option(
        metavar="DISTANCE",
        help="Where rates are taken that name no FAR of their own.",
        rich_help_panel="When to fail",
        show_default=False,
    ),
]


def check(
    source: options.Source = None,
    *,
    embedding_column: options.EmbeddingColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    where: options.Where = None,
    labels: options.LabelsFile = None,
    drop_duplicates: options.DropDuplicates = None,
    fail_if: _FailIf = None,
    threshold: _Threshold = None,
    threshold_file: options.ThresholdFile = None,
    distance: options.OfDistance = None,
    output_format: options.OutputFormat = Format.TABLE,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    seed: options.Seed = None,
    threads: options.Threads = None,
    memory_limit: options.MemoryLimit = None,
) -> None:
    """Exit with 1 if any of the conditions holds, naming each that does."""
    conditions = tuple(Condition.parse(text) for text in fail_if or ())
    if not conditions:
        raise UsageError(
            "no condition was given", hint="For example --fail-if 'opis>0.01', in quotes."
        )
    name = options.source_or_stdin(source)

    # Imported here, because these pull in NumPy, FAISS and pyarrow: --help need not wait.
    from opiscli.checking import check_run
    from opiscli.cli.conversation import Conversation
    from opiscli.intake import open_source, run_of, threshold_in
    from opiscli.report import show
    from opiscli.sources import Selection

    talk = Conversation(quiet=quiet, verbose=verbose)
    rows = tuple(where or ())
    selection = Selection(embedding_column, label_column, id_column, rows, labels)
    opened = open_source(name, selection, talk.say)
    for value in threshold_in(threshold_file, opened, distance):
        threshold = value
    ranks = tuple(sorted({one.rank for one in conditions if one.rank is not None}))
    with talk.progress() as on_progress:
        run = run_of(
            opened,
            name,
            options.given(distance=distance, drop_duplicates=drop_duplicates, seed=seed, ks=ranks),
            options.resources(threads, memory_limit),
            where=rows,
            complete=True,
            thresholds=() if threshold is None else (threshold,),
            say=talk.say,
            on_progress=on_progress,
        )
        result = check_run(run, conditions, threshold)
    show(result, Format.JSON if json else output_format)
    for one in result.conditions:
        if one.failed:
            talk.fail(f"{one.condition}: {one.name} is {one.value:.6g}")
    if not result.passed:
        raise typer.Exit(1)
