"""``opis compare``: several models, or one before and after, against the first."""

from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.errors import UsageError
from opiscli.report.formats import Format

_Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE SOURCE…",
        help="Embeddings or saved evaluations; the first is what the others are held against.",
        show_default=False,
    ),
]


def compare(
    sources: _Sources,
    *,
    embedding_column: options.EmbeddingColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    where: options.Where = None,
    labels: options.LabelsFile = None,
    drop_duplicates: options.DropDuplicates = None,
    far: options.RangeByFar = None,
    frr: options.RangeByFrr = None,
    range_: options.RangeByDistance = None,
    epsilon: options.Epsilon = None,
    distance: options.OfDistance = None,
    k: options.Ranks = None,
    output_format: options.OutputFormat = Format.TABLE,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    seed: options.Seed = None,
    threads: options.Threads = None,
    memory_limit: options.MemoryLimit = None,
) -> None:
    """Compare R@1, OPIS, ε-OPIS and TAR of several sources against the first."""
    if len(sources) < 2:
        raise UsageError(
            f"{len(sources)} source was given, expected two or more",
            hint="For example: opis compare before.parquet after.parquet.",
        )
    if len(sources) > 26:
        raise UsageError(
            f"{len(sources)} sources were given, expected 26 at most", hint="Compare fewer at once."
        )
    if sources.count("-") > 1:
        raise UsageError(
            "standard input was given twice, but it can be read once",
            hint="Save one of the two to a file.",
        )
    given = options.given(
        distance=distance,
        calibration_range=options.parse_calibration_range(far, frr, range_),
        epsilon=epsilon,
        ks=options.parse_ranks(k),
        drop_duplicates=drop_duplicates,
        seed=seed,
    )

    # Imported here, because these pull in NumPy, FAISS and pyarrow: --help need not wait.
    from opiscli.cli.conversation import Conversation
    from opiscli.comparing import compare_runs
    from opiscli.intake import open_source, run_of
    from opiscli.report import show
    from opiscli.sources import Selection

    talk = Conversation(quiet=quiet, verbose=verbose)
    rows = tuple(where or ())
    selection = Selection(embedding_column, label_column, id_column, rows, labels)
    resources = options.resources(threads, memory_limit)
    with talk.progress() as on_progress:
        runs = [
            run_of(
                open_source(source, selection, talk.say),
                source,
                given,
                resources,
                where=rows,
                say=talk.say,
                on_progress=on_progress,
            )
            for source in sources
        ]
    result = compare_runs(runs)
    talk.warn(result.warnings)
    show(result, Format.JSON if json else output_format)
