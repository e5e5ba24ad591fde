"""``opis inspect``: the worst classes, the hardest pairs and likely label errors."""

from dataclasses import asdict
from typing import Annotated

from opiscli.cli.options import method, rows, running
from opiscli.cli.options import output as out
from opiscli.cli.options.groups import option, takes_groups
from opiscli.cli.options.parsing import parse_rate
from opiscli.settings.choice import given
from opiscli.settings.target import Target

_TARGET = method.THRESHOLD_PANEL
_SHOWN = "Listing"
_Far = Annotated[
    float | None,
    option(
        "Use the largest threshold with a false-accept rate of at most RATE. Default: 1e-3.",
        _TARGET,
        metavar="RATE",
        parser=parse_rate,
    ),
]
_Pairs = Annotated[
    int,
    option(
        "Maximum number of pairs of each kind and of possible label errors to list.",
        _SHOWN,
        show_default=True,
    ),
]
_Neighbours = Annotated[
    int,
    option(
        "Number of nearest neighbours for label errors: an item is listed if all of them "
        "(including ties) belong to one other class (unanimous editing rule of Wilson 1972).",
        _SHOWN,
        show_default=True,
    ),
]
_Show = Annotated[
    list[str] | None,
    option(
        "Show this column of each listed item, for example its text. Repeatable.",
        _SHOWN,
        metavar="COLUMN",
    ),
]
_Components = Annotated[
    bool,
    option(
        "Join items that accepted pairs link, as deduplication does, and compare the connected "
        "components with the classes: components of several classes, split classes, the size of "
        "the largest component, and the threshold at which it grows most (its take-off).",
        _SHOWN,
        "--components",
    ),
]


@takes_groups
def inspect(
    source: rows.Source = None,
    *,
    read: rows.Rows,
    drop_duplicates: rows.DropDuplicates = None,
    far: _Far = None,
    at: method.GivenThreshold,
    threshold_file: method.ThresholdFile = None,
    pairs: _Pairs = 10,
    neighbours: _Neighbours = 5,
    show: _Show = None,
    components: _Components = False,
    distance: method.DistanceKind = None,
    shown: out.Shown,
    run: running.Counting,
) -> None:
    """List the classes with the highest error rates, the hardest pairs and likely label errors."""
    target = Target.one_of(far=far, **asdict(at), threshold_file=threshold_file)
    inspected = read.of(source)
    from opiscli.analysis import questions

    with run.work() as work:
        result = questions.inspect(
            inspected,
            target,
            given(distance=distance, drop_duplicates=drop_duplicates),
            work,
            threshold_file=threshold_file,
            pairs=pairs,
            neighbours=neighbours,
            show=show or (),
            components=components,
        )
    run.warn(result.warnings)
    shown.show(result)
