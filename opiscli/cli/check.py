"""``opis check``: a CI gate for a model repository."""

from dataclasses import asdict
from typing import Annotated

import typer

from opiscli.cli.options import method, rows, running
from opiscli.cli.options import output as out
from opiscli.cli.options.groups import option, takes_groups
from opiscli.settings.choice import given
from opiscli.settings.target import Target

_PANEL = "Conditions"

_FailIf = Annotated[
    list[str] | None,
    option(
        "Condition on a number, for example 'recall@1<0.9', 'opis_corrected>0.01' or "
        "'tar@far=1e-3<0.5'. Repeatable: the check fails if any condition is met. Rates without "
        "@far=… are taken at the threshold that is given.",
        _PANEL,
        metavar="CONDITION",
    ),
]


@takes_groups
def check(
    source: rows.Source = None,
    *,
    read: rows.RowsOrPairs,
    counted: rows.Counted,
    fail_if: _FailIf = None,
    at: method.GivenThreshold,
    threshold_file: method.ThresholdFile = None,
    prevalence: method.Prevalence = None,
    distance: method.DistanceKind = None,
    shown: out.Shown,
    run: running.Counting,
) -> None:
    """Fail (exit code 1) if any condition is met, and list the conditions that are."""
    asked = given(distance=distance, prevalence=prevalence, **counted.given())
    checked, target = read.of(source), Target.one_of(**asdict(at))
    from opiscli.analysis import questions

    with run.work() as work:
        result = questions.check(
            checked, fail_if or (), asked, work, at=target, threshold_file=threshold_file
        )
    run.warn(result.warnings)
    shown.show(result)
    for one in result.conditions:
        if one.failed:
            run.console.fail(f"{one.condition}: {one.name} is {one.value:.6g}")
    if not result.passed:
        raise typer.Exit(1)
