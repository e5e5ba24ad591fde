"""``opis check``: a gate for the CI of a model repository."""

from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.cli.reading import Reading, reads_sources
from opiscli.errors import UsageError
from opiscli.report.tables.formats import Format
from opiscli.settings.conditions import Condition, settings_for

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


@reads_sources
def check(
    source: options.Source = None,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    fail_if: _FailIf = None,
    threshold: _Threshold = None,
    threshold_file: options.ThresholdFile = None,
    distance: options.OfDistance = None,
    output_format: options.OutputFormat = Format.TABLE,
    json: options.Json = False,
) -> None:
    """Exit with 1 if any of the conditions holds, naming each that does."""
    conditions = tuple(Condition.parse(text) for text in fail_if or ())
    if not conditions:
        raise UsageError(
            "no condition was given", hint="For example --fail-if 'opis>0.01', in quotes."
        )
    name = options.source_or_stdin(source)

    # Imported here, because these pull in NumPy, FAISS and pyarrow: --help need not wait.
    from opiscli.analysis.check import check_run
    from opiscli.analysis.inputs import threshold_in
    from opiscli.report import show

    talk = reading.talk()
    opened = reading.open(name, talk)
    for value in threshold_in(threshold_file, opened, distance):
        threshold = value
    given = options.given(
        distance=distance,
        drop_duplicates=drop_duplicates,
        **settings_for(conditions),
    )
    exact = () if threshold is None else (threshold,)
    with talk.progress() as on_progress:
        run = reading.count(opened, name, given, talk, on_progress, complete=True, thresholds=exact)
        result = check_run(run, conditions, threshold)
    show(result, Format.JSON if json else output_format)
    for one in result.conditions:
        if one.failed:
            talk.fail(f"{one.condition}: {one.name} is {one.value:.6g}")
    if not result.passed:
        raise typer.Exit(1)
