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
        "Draw an arrow from a source to another, both named by file, without suffix, or "
        "as given. Repeat for more.",
        PANEL,
        metavar="BASE:TUNED",
    ),
]


@takes_groups
def plot_pareto(
    sources: rows.Sources = None,
    *,
    read: rows.Rows,
    drop_duplicates: rows.DropDuplicates = None,
    arrow: _Arrows = None,
    how: method.RangeAndUtility,
    distance: method.DistanceKind = None,
    picture: Picture = _OUTPUT,
    run: running.Running,
) -> None:
    """Draw 1 − R@1 against OPIS of several sources, and arrows from models to their tuned ones."""
    asked = how.given(distance=distance, drop_duplicates=drop_duplicates)
    drawn = read.of_each(sources)
    from opiscli.plots import figures, from_sources

    picture.require_drawable()
    with run.work() as work:
        models, arrows = from_sources.models_of(drawn, asked, work, arrows=arrow or ())
    picture.write(lambda: figures.pareto_picture(models, arrows))
