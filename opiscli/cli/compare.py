"""``opis compare``: compare several evaluations with the first."""

from typing import Annotated

import typer

from opiscli.cli.options import method, rows, running
from opiscli.cli.options import output as out
from opiscli.cli.options.groups import takes_groups
from opiscli.cli.options.parsing import parse_ranks

_Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE SOURCE…",
        help="Embeddings or saved evaluations. The first is the baseline.",
        show_default=False,
    ),
]


@takes_groups
def compare(
    sources: _Sources,
    *,
    read: rows.RowsOrPairs,
    counted: rows.Counted,
    range_: method.Range,
    epsilon: method.Epsilon = None,
    distance: method.DistanceKind = None,
    k: method.Ranks = None,
    shown: out.Shown,
    seed: running.Seed = None,
    run: running.Counting,
) -> None:
    """Compare R@1, OPIS, ε-OPIS and TAR of several sources with the first."""
    asked = range_.given(
        **counted.given(),
        epsilon=epsilon,
        distance=distance,
        ks=parse_ranks(k),
        seed=seed,
    )
    compared = read.of_each(sources)
    from opiscli.analysis import questions

    with run.work() as work:
        result = questions.compare(compared, asked, work)
    run.warn(result.warnings)
    shown.show(result)
