"""``opis plot-distances``: how far apart pairs of one class and of two classes are."""

from pathlib import Path
from typing import Annotated

import typer

from opiscli.cli import options
from opiscli.cli import plotting as pictures
from opiscli.cli.reading import Reading, reads_sources

_Log = Annotated[
    bool,
    typer.Option(
        "--log",
        help="Densities on a logarithmic scale, which shows the rare near negatives.",
        rich_help_panel="What is drawn",
    ),
]


@reads_sources
def plot_distances(
    source: options.Source = None,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    log: _Log = False,
    distance: options.OfDistance = None,
    output: pictures.Output = Path("distances.png"),
    style: pictures.Style = None,
    force: options.Force = False,
) -> None:
    """Draw histograms of positive and negative distances, with thresholds for common FARs."""
    given = options.given(distance=distance, ks=(), drop_duplicates=drop_duplicates)
    name = options.source_or_stdin(source)

    from opiscli.plots.figures import distances_picture
    from opiscli.plots.naming import short_names
    from opiscli.plots.numbers.distances import distances

    pictures.require_drawable(output, style, force=force)
    (run,) = reading.read([name], given, reading.talk(), complete=True)
    (title,) = short_names([name], reading.conditions)
    pictures.write_picture(
        lambda: distances_picture(distances(title, run), log=log), output, style, force=force
    )
