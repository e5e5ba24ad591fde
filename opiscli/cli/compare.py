"""``opis compare``: several models, or one before and after, against the first."""

from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.cli.reading import Reading, reads_sources
from opiscli.errors import UsageError
from opiscli.report.tables.formats import Format

_Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE SOURCE…",
        help="Embeddings or saved evaluations; the first is what the others are held against.",
        show_default=False,
    ),
]


@reads_sources
def compare(
    sources: _Sources,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    far: options.RangeByFar = None,
    frr: options.RangeByFrr = None,
    range_: options.RangeByDistance = None,
    epsilon: options.Epsilon = None,
    distance: options.OfDistance = None,
    k: options.Ranks = None,
    output_format: options.OutputFormat = Format.TABLE,
    json: options.Json = False,
    seed: options.Seed = None,
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
    from opiscli.analysis.compare import compare_runs
    from opiscli.report import show

    talk = reading.talk()
    runs = reading.read(sources, given, talk)
    result = compare_runs(runs)
    talk.warn(result.warnings)
    show(result, Format.JSON if json else output_format)
