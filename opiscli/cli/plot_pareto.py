"""``opis plot-pareto``: recognition error against inconsistency."""

from pathlib import Path
from typing import Annotated

import typer

from opiscli.cli import options, pictures

_Pairs = Annotated[
    list[str] | None,
    typer.Option(
        metavar="BASE:TUNED",
        help="Draw an arrow from a source to another, both named by file, without suffix, or as"
        " given. Repeat for more.",
        rich_help_panel="What is drawn",
        show_default=False,
    ),
]


def plot_pareto(
    sources: pictures.Sources = None,
    *,
    embedding_column: options.EmbeddingColumn = None,
    label_column: options.LabelColumn = None,
    id_column: options.IdColumn = None,
    where: options.Where = None,
    labels: options.LabelsFile = None,
    drop_duplicates: options.DropDuplicates = None,
    pairs: _Pairs = None,
    far: options.RangeByFar = None,
    frr: options.RangeByFrr = None,
    range_: options.RangeByDistance = None,
    utility: options.OfUtility = None,
    beta: options.Beta = None,
    distance: options.OfDistance = None,
    output: pictures.Output = Path("pareto.png"),
    style: pictures.Style = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    threads: options.Threads = None,
    memory_limit: options.MemoryLimit = None,
) -> None:
    """Draw 1 − R@1 against OPIS of several sources, and arrows from models to their tuned ones."""
    given = options.given(
        distance=distance,
        calibration_range=options.parse_calibration_range(far, frr, range_),
        utility=utility,
        beta=beta,
        ks=(1,),
        drop_duplicates=drop_duplicates,
    )
    reading = pictures.Reading(
        embedding_column=embedding_column,
        label_column=label_column,
        id_column=id_column,
        where=where,
        labels=labels,
        threads=threads,
        memory_limit=memory_limit,
        quiet=quiet,
        verbose=verbose,
    )
    names = pictures.named_sources(sources)

    from opiscli.curves.naming import parse_pairs, short_names
    from opiscli.curves.pareto import model_point
    from opiscli.derivation import derive
    from opiscli.drawing.pictures import pareto_picture

    pictures.require_drawable(output, style, force=force)
    arrows = parse_pairs(pairs or (), names)
    runs = reading.read(names, given, complete=False)
    titles = short_names(names, reading.conditions)
    models = [model_point(title, derive(run)) for title, run in zip(titles, runs, strict=True)]
    pictures.write_picture(lambda: pareto_picture(models, arrows), output, style, force=force)
