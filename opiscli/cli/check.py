"""``opis check``: a CI gate for a model repository."""

from typing import Annotated

import typer

from opiscli.cli.options import method, rows, running
from opiscli.cli.options import output as out
from opiscli.cli.options.groups import option, takes_groups
from opiscli.settings.choice import given

_PANEL = "Conditions"

_FailIf = Annotated[
    list[str] | None,
    option(
        "Condition on a number, for example 'recall@1<0.9', 'opis_corrected>0.01' or "
        "'tar@far=1e-3<0.5'. Repeatable: the check fails if any condition is met.",
        _PANEL,
        metavar="CONDITION",
    ),
]
_Threshold = Annotated[
    float | None, option("Threshold for the rates that name no @far=….", _PANEL, metavar="DISTANCE")
]


@takes_groups
def check(
    source: rows.Source = None,
    *,
    read: rows.Rows,
    counted: rows.Counted,
    fail_if: _FailIf = None,
    threshold: _Threshold = None,
    threshold_file: method.ThresholdFile = None,
    distance: method.DistanceKind = None,
    shown: out.Shown,
    run: running.Running,
) -> None:
    """Fail (exit code 1) if any condition is met, and list the conditions that are."""
    asked = given(distance=distance, **counted.given())
    checked = read.of(source)
    from opiscli.analysis import questions

    with run.work() as work:
        result = questions.check(
            checked, fail_if or (), asked, work, threshold=threshold, threshold_file=threshold_file
        )
    shown.show(result)
    for one in result.conditions:
        if one.failed:
            run.console.fail(f"{one.condition}: {one.name} is {one.value:.6g}")
    if not result.passed:
        raise typer.Exit(1)
