"""``opis plot-curves``: the score of every class against the threshold."""

from pathlib import Path

from opiscli.cli.options import method, rows, running
from opiscli.cli.options.groups import takes_groups
from opiscli.cli.plotting import Highlight, Picture

_OUTPUT = Picture(output=Path("curves.png"))


@takes_groups
def plot_curves(
    sources: rows.Sources = None,
    *,
    read: rows.RowsOrPairs,
    counted: rows.Counted,
    highlight: Highlight = None,
    how: method.Method,
    distance: method.DistanceKind = None,
    picture: Picture = _OUTPUT,
    run: running.Counting,
) -> None:
    """Draw the score of every class against the threshold; two sources give two panels."""
    asked = how.given(distance=distance, **counted.given())
    drawn = read.of_each(sources)
    from opiscli.plots import figures, from_sources

    from_sources.require_panels(drawn)
    picture.require_drawable()
    with run.work() as work:
        panels, named = from_sources.curves_of(drawn, asked, work, highlight=highlight or ())
    picture.write(lambda: figures.curves_picture(panels, named), run)
