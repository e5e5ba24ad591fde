"""``opis plot-det``: what a lower FAR costs in FRR, for one source or several."""

from pathlib import Path

from opiscli.cli import options
from opiscli.cli import plotting as pictures
from opiscli.cli.reading import Reading, named_sources, reads_sources


@reads_sources
def plot_det(
    sources: pictures.Sources = None,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    distance: options.OfDistance = None,
    output: pictures.Output = Path("det.png"),
    style: pictures.Style = None,
    force: options.Force = False,
) -> None:
    """Draw the error trade-off of one source or several on normal-deviate axes."""
    given = options.given(distance=distance, ks=(), drop_duplicates=drop_duplicates)
    names = named_sources(sources)

    from opiscli.plots.figures import det_picture
    from opiscli.plots.naming import short_names
    from opiscli.plots.numbers.det import det_curve

    pictures.require_drawable(output, style, force=force)
    runs = reading.read(names, given, reading.talk(), complete=True)
    titles = short_names(names, reading.conditions)
    curves = [det_curve(title, run) for title, run in zip(titles, runs, strict=True)]
    pictures.write_picture(lambda: det_picture(curves), output, style, force=force)
