"""``opis plot-pareto``: recognition error against inconsistency."""

from pathlib import Path
from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.cli import plotting as pictures
from opiscli.cli.reading import Reading, named_sources, reads_sources

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


@reads_sources
def plot_pareto(
    sources: pictures.Sources = None,
    *,
    reading: Reading,
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
    names = named_sources(sources)

    from opiscli.analysis.evaluate import derive
    from opiscli.plots.figures import pareto_picture
    from opiscli.plots.naming import parse_pairs, short_names
    from opiscli.plots.numbers.pareto import model_point

    pictures.require_drawable(output, style, force=force)
    arrows = parse_pairs(pairs or (), names)
    runs = reading.read(names, given, reading.talk())
    titles = short_names(names, reading.conditions)
    models = [model_point(title, derive(run)) for title, run in zip(titles, runs, strict=True)]
    pictures.write_picture(lambda: pareto_picture(models, arrows), output, style, force=force)
