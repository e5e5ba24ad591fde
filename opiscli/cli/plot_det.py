"""``opis plot-det``: FRR against FAR, for one source or several."""

from pathlib import Path

from opiscli.cli.options import method, rows, running
from opiscli.cli.options.groups import takes_groups
from opiscli.cli.plotting import Picture
from opiscli.settings.choice import given

_OUTPUT = Picture(output=Path("det.png"))


@takes_groups
def plot_det(
    sources: rows.Sources = None,
    *,
    read: rows.RowsOrPairs,
    counted: rows.Counted,
    distance: method.DistanceKind = None,
    picture: Picture = _OUTPUT,
    run: running.Counting,
) -> None:
    """Draw the detection error trade-off (FRR against FAR) of one or more sources."""
    asked = given(distance=distance, **counted.given())
    drawn = read.of_each(sources)
    from opiscli.plots import figures, from_sources

    picture.require_drawable()
    with run.work() as work:
        curves = from_sources.det_curves_of(drawn, asked, work)
    picture.write(lambda: figures.det_picture(curves), run)
