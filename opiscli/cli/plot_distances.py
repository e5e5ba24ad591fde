"""``opis plot-distances``: how far apart same-class and different-class pairs are."""

from pathlib import Path
from typing import Annotated

from opiscli.cli.options import method, rows, running
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.plotting import PANEL, Picture
from opiscli.settings.choice import given

_OUTPUT = Picture(output=Path("distances.png"))
_Log = Annotated[
    bool,
    option(
        "Use a logarithmic density scale, which shows the rare negative pairs at small distances.",
        PANEL,
        "--log",
    ),
]


@takes_groups
def plot_distances(
    source: rows.Source = None,
    *,
    read: rows.RowsOrPairs,
    counted: rows.Counted,
    log: _Log = False,
    distance: method.DistanceKind = None,
    picture: Picture = _OUTPUT,
    run: running.Counting,
) -> None:
    """Draw histograms of same-class and different-class distances, with common thresholds."""
    asked = given(distance=distance, **counted.given())
    drawn = read.of(source)
    from opiscli.plots import figures, from_sources

    picture.require_drawable()
    with run.work() as work:
        distances = from_sources.distances_of(drawn, asked, work)
    picture.write(lambda: figures.distances_picture(distances, log=log), run)
