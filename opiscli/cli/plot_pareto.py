"""``opis plot-pareto``: recognition error against inconsistency."""

from pathlib import Path
from typing import Annotated

from opiscli.cli.options import method, rows, running
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.plotting import PANEL, Picture

_OUTPUT = Picture(output=Path("pareto.png"))
_Arrows = Annotated[
    list[str] | None,
    option(
        "Draw an arrow from BASE to TUNED, each named by its path or by its file name without "
        "suffix. Repeatable.",
        PANEL,
        metavar="BASE:TUNED",
    ),
]


@takes_groups
def plot_pareto(
    sources: rows.Sources = None,
    *,
    read: rows.Rows,
    counted: rows.Counted,
    arrow: _Arrows = None,
    how: method.RangeAndUtility,
    distance: method.DistanceKind = None,
    picture: Picture = _OUTPUT,
    run: running.Counting,
) -> None:
    """Draw 1 − R@1 against OPIS, one dot per source; --arrow adds arrows from base to tuned."""
    asked = how.given(distance=distance, **counted.given())
    drawn = read.of_each(sources)
    from opiscli.plots import figures, from_sources

    picture.require_drawable()
    with run.work() as work:
        models, arrows = from_sources.models_of(drawn, asked, work, arrows=arrow or ())
    picture.write(lambda: figures.pareto_picture(models, arrows), run)
