"""``opis inspect``: what to look at first."""

from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.cli.reading import Reading, reads_sources
from opiscli.errors import UsageError
from opiscli.report.tables.formats import Format
from opiscli.settings.calibration import CalibrationSettings, Criterion, Target
from opiscli.settings.evaluation import Distance

_TARGET = "What the threshold is to achieve"
_SHOWN = "What is listed"
_Far = Annotated[
    float | None,
    typer.Option(
        metavar="RATE",
        help="The largest threshold with a false-accept rate of at most this. Default: 1e-3.",
        rich_help_panel=_TARGET,
        show_default=False,
    ),
]
_Threshold = Annotated[
    float | None,
    typer.Option(
        metavar="DISTANCE", help="This threshold.", rich_help_panel=_TARGET, show_default=False
    ),
]
_Pairs = Annotated[
    int,
    typer.Option(help="How many pairs of each kind, and suspected labels.", rich_help_panel=_SHOWN),
]
_Neighbours = Annotated[
    int,
    typer.Option(
        help="A label is suspected where so many nearest others, and all as near as the last of"
        " them, are of one other class (the editing rule of Wilson 1972, unanimous).",
        rich_help_panel=_SHOWN,
    ),
]
_Show = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN",
        help="Show this column of each item, such as its text. Repeatable.",
        rich_help_panel=_SHOWN,
        show_default=False,
    ),
]


@reads_sources
def inspect(
    source: options.Source = None,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    far: _Far = None,
    threshold: _Threshold = None,
    threshold_file: options.ThresholdFile = None,
    pairs: _Pairs = 10,
    neighbours: _Neighbours = 5,
    show: _Show = None,
    distance: options.OfDistance = None,
    output_format: options.OutputFormat = Format.TABLE,
    json: options.Json = False,
) -> None:
    """List the classes that break first, the worst pairs and items with suspected labels."""
    ways = {"--far": far, "--threshold": threshold, "--threshold-file": threshold_file}
    named = [option for option, value in ways.items() if value is not None]
    if len(named) > 1:
        raise UsageError(
            f"{' and '.join(named)} each give the threshold, expected one of them",
            hint="Leave the others out.",
        )
    for option, number, most in (("--pairs", pairs, 100_000), ("--neighbours", neighbours, 1000)):
        if not 1 <= number <= most:
            raise UsageError(
                f"{option} is {number}, expected 1 to {most}", hint=f"For example {option} 5."
            )
    target = Target(Criterion.FAR, 1e-3 if far is None else far)
    if threshold is not None:
        target = Target(Criterion.THRESHOLD, threshold)
    name = options.source_or_stdin(source)

    # Imported here, because these pull in NumPy, FAISS and pyarrow: --help need not wait.
    from opiscli.analysis.inputs import items_of, threshold_in
    from opiscli.analysis.inspect import inspect_run
    from opiscli.report import show as show_result

    talk, columns = reading.talk(), tuple(show or ())
    chosen = {"show": columns, "find_id": True}
    items = items_of(
        reading.open(name, talk, **chosen),
        name,
        "opis inspect",
        hint="Name the embeddings for pairs and labels; opis calibrate --far 1e-3 tells which"
        " classes break first from counts alone.",
    )
    for value in threshold_in(threshold_file, items, distance):
        target = Target(Criterion.THRESHOLD, value)
    settings = CalibrationSettings(
        targets=(target,),
        distance=distance or Distance.EUCLIDEAN,
        allow_zero=True,
        drop_duplicates=bool(drop_duplicates),
    )
    given = {"distance": settings.distance, "drop_duplicates": settings.drop_duplicates, "ks": ()}
    exact = target.value if target.criterion is Criterion.THRESHOLD else None
    with talk.progress() as on_progress:
        run = reading.count(
            items,
            name,
            given,
            talk,
            on_progress,
            complete=True,
            thresholds=() if exact is None else (exact,),
        )
        result = inspect_run(
            run,
            items,
            settings,
            reading.resources,
            n_pairs=pairs,
            n_neighbours=neighbours,
            id_column=reading.selection(**chosen).id_among(list(items.columns)),
            show=columns,
            on_progress=on_progress,
        )
    talk.warn(result.warnings)
    show_result(result, Format.JSON if json else output_format)
