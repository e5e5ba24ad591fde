"""``opis plot-classes``: which classes a single threshold hurts most."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from opiscli.cli.options import method, rows, running
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.options.parsing import parse_rate
from opiscli.cli.plotting import PANEL, Highlight, Picture
from opiscli.settings.choice import given

_OUTPUT = Picture(output=Path("classes.png"))
_Far = Annotated[
    float | None,
    option(
        "Use the largest threshold with a pooled false-accept rate of at most RATE. Default: 1e-2.",
        PANEL,
        metavar="RATE",
        parser=parse_rate,
    ),
]


@takes_groups
def plot_classes(
    source: rows.Source = None,
    *,
    read: rows.RowsOrPairs,
    counted: rows.Counted,
    at: method.GivenThreshold,
    far: _Far = None,
    highlight: Highlight = None,
    distance: method.DistanceKind = None,
    picture: Picture = _OUTPUT,
    run: running.Counting,
) -> None:
    """Draw the FAR and FRR of every class at one threshold, one dot per class."""
    asked = given(distance=distance, **counted.given())
    drawn = read.of(source)
    from opiscli.plots import figures, from_sources

    target = from_sources.class_target(far=far, **asdict(at))
    picture.require_drawable()
    with run.work() as work:
        errors, named = from_sources.classes_of(drawn, target, asked, work, highlight=highlight)
    run.warn(errors.warnings)
    picture.write(lambda: figures.classes_picture(errors, named), run)
