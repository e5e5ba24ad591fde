"""``opis calibrate``: which threshold to use, and what it will do."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opiscli.atomic_file import require_free
from opiscli.cli import options
from opiscli.cli.grouping import GroupBy
from opiscli.cli.reading import Reading, reads_sources
from opiscli.errors import UsageError
from opiscli.report.tables.formats import Format
from opiscli.settings.calibration import Average, CalibrationSettings, Criterion, Target

if TYPE_CHECKING:
    from opiscli.results import CalibratedPoint, Calibration

_TARGET = "What the threshold is to achieve"
_PROTOCOL = "How it is tested"


class Printed(StrEnum):
    """A bare number to print instead of the report."""

    THRESHOLD = "threshold"
    SIMILARITY = "similarity"
    FAR = "far"
    FRR = "frr"
    TAR = "tar"


_Far = Annotated[
    list[float] | None,
    typer.Option(
        metavar="RATE",
        help="The largest threshold with a false-accept rate of at most this. Repeatable.",
        rich_help_panel=_TARGET,
        show_default=False,
    ),
]
_Criterion = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME[=TARGET]",
        help="frr=0.05 or tar=0.95: the smallest threshold that meets it; eer: where FAR and FRR"
        " are equal; max-utility: the largest mean utility of classes. Repeatable.",
        rich_help_panel=_TARGET,
        show_default=False,
    ),
]
_TargetValue = Annotated[
    float | None,
    typer.Option(
        "--target",
        metavar="RATE",
        help="Target of a --criterion given without one.",
        rich_help_panel=_TARGET,
        show_default=False,
    ),
]
_Threshold = Annotated[
    list[float] | None,
    typer.Option(
        metavar="DISTANCE",
        help="This threshold: what are its rates? Repeatable.",
        rich_help_panel=_TARGET,
        show_default=False,
    ),
]
_Average = Annotated[
    Average,
    typer.Option(
        help="Rates over all pairs, or as the mean over classes.", rich_help_panel=_TARGET
    ),
]
_Confidence = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="The upper bound of FAR must meet the target, for new classes of the same kind:"
        " for example 0.95.",
        rich_help_panel=_TARGET,
        show_default=False,
    ),
]
_AllowZero = Annotated[
    bool,
    typer.Option(
        "--allow-zero",
        help="If a FAR is not attainable, accept no negative pair at all.",
        rich_help_panel=_TARGET,
    ),
]
_Eval = Annotated[
    str | None,
    typer.Option(
        "--eval",
        metavar="SOURCE",
        help="Choose on SOURCE, take the rates on this one.",
        rich_help_panel=_PROTOCOL,
        show_default=False,
    ),
]
_EvalWhere = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        help="Only these rows of --eval.",
        rich_help_panel=_PROTOCOL,
        show_default=False,
    ),
]
_Holdout = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Choose on this share of the classes, test on the others: for example 0.5.",
        rich_help_panel=_PROTOCOL,
        show_default=False,
    ),
]
_PerClass = Annotated[
    bool,
    typer.Option(
        "--per-class",
        help="Also what a threshold of its own would gain each class over the best single one,"
        " and whether that is worth it.",
        rich_help_panel=_PROTOCOL,
    ),
]
_Repeats = Annotated[
    int, typer.Option(help="Draws of classes for --holdout.", rich_help_panel=_PROTOCOL)
]
_Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE.json",
        help="Write the threshold to a file.",
        rich_help_panel="Output",
        show_default=False,
    ),
]
_Print = Annotated[
    Printed | None,
    typer.Option("--print", help="Print this bare number only.", rich_help_panel="Output"),
]


@reads_sources
def calibrate(
    source: options.Source = None,
    *,
    reading: Reading,
    drop_duplicates: options.DropDuplicates = None,
    far: _Far = None,
    criterion: _Criterion = None,
    target: _TargetValue = None,
    threshold: _Threshold = None,
    threshold_file: options.ThresholdFile = None,
    average: _Average = Average.POOLED,
    confidence: _Confidence = None,
    allow_zero: _AllowZero = False,
    distance: options.OfDistance = None,
    evaluate_on: _Eval = None,
    eval_where: _EvalWhere = None,
    group_by: GroupBy = None,
    per_class: _PerClass = False,
    holdout: _Holdout = None,
    repeats: _Repeats = 20,
    output: _Output = None,
    force: options.Force = False,
    print_: _Print = None,
    output_format: options.OutputFormat = Format.TABLE,
    json: options.Json = False,
    seed: options.Seed = None,
) -> None:
    """Choose a threshold for a false-accept rate or another target, with the rates it attains."""
    targets = _targets(far, criterion, target, threshold)
    name = options.source_or_stdin(source)
    if output is not None:
        require_free(output, force=force)

    # Imported here, because these pull in NumPy, FAISS and pyarrow: --help need not wait.
    from opiscli.analysis.calibrate import calibrate_run, choose_thresholds
    from opiscli.analysis.class_thresholds import diagnose_own_thresholds
    from opiscli.analysis.groups import rate_groups
    from opiscli.analysis.holdout import hold_out
    from opiscli.analysis.inputs import items_of, open_source, run_of, threshold_in
    from opiscli.sources import Selection
    from opiscli.thresholds import threshold_file as files

    talk, resources = reading.talk(), reading.resources
    given = options.given(distance=distance, drop_duplicates=drop_duplicates, ks=())
    group_here = group_by if evaluate_on is None else None
    opened = reading.open(name, talk, group=group_here)
    from_file = threshold_in(threshold_file, opened, distance)
    targets = (*targets, *(Target(Criterion.THRESHOLD, value) for value in from_file))
    exact = [t.value for t in targets if t.criterion is Criterion.THRESHOLD]
    items = None if holdout is None else items_of(opened, name, "--holdout")
    with talk.progress() as on_progress:
        count = partial(
            run_of, resources=resources, complete=True, say=talk.say, on_progress=on_progress
        )
        run = count(
            opened,
            name,
            given,
            where=reading.conditions,
            thresholds=tuple(value for value in exact if value is not None),
        )
        settings = CalibrationSettings(
            targets=targets,
            distance=run.settings.distance,
            average=average,
            confidence=confidence,
            allow_zero=allow_zero,
            drop_duplicates=run.settings.drop_duplicates,
            holdout=holdout,
            repeats=repeats,
            seed=seed or 0,
        )
        chosen = choose_thresholds(run, settings)
        evaluated = None
        if evaluate_on is not None:
            only = tuple(eval_where or ())
            opened = open_source(
                evaluate_on, Selection(*reading.columns, only, group=group_by), talk.say
            )
            evaluated = count(
                opened,
                evaluate_on,
                {**given, "distance": run.settings.distance},
                where=only,
                thresholds=chosen,
            )
        result = calibrate_run(run, chosen, settings, evaluated=evaluated)
        if per_class:
            result = diagnose_own_thresholds(result, run, settings)
        if items is not None:
            result = hold_out(result, items, settings, resources, on_progress=on_progress)
        if group_by is not None:
            grouped = items_of(opened, evaluate_on or name, "--group-by")
            result = rate_groups(
                result, grouped, group_by, settings, resources, on_progress=on_progress
            )
    talk.warn(result.warnings)
    if output is not None:
        files.write(result, output, force=force)
        talk.say(f"threshold written to {output}")
    _print_out(result, print_, Format.JSON if json else output_format)


def _targets(
    far: list[float] | None,
    criteria: list[str] | None,
    value: float | None,
    thresholds: list[float] | None,
) -> tuple[Target, ...]:
    """All targets that were asked for, in the order of the options."""
    targets = [Target(Criterion.FAR, rate) for rate in far or ()]
    for text in criteria or ():
        named = text if value is None or "=" in text or ":" in text else f"{text}={value!r}"
        targets.append(Target.parse(named))
    if value is not None and not criteria:
        raise UsageError(
            f"--target {value:g} was given without --criterion",
            hint="For example --criterion frr --target 0.05, or --far 1e-3.",
        )
    targets += [Target(Criterion.THRESHOLD, distance) for distance in thresholds or ()]
    return tuple(dict.fromkeys(targets))


def _print_out(result: "Calibration", which: Printed | None, output_format: Format) -> None:
    from opiscli.report import show, show_text

    if which is None:
        show(result, output_format)
    else:
        show_text("".join(f"{_number(p, which)!r}\n" for p in result.operating_points))


def _number(point: "CalibratedPoint", which: Printed) -> float | None:
    return {
        Printed.THRESHOLD: point.threshold,
        Printed.SIMILARITY: point.similarity,
        Printed.FAR: None if point.far is None else point.far.value,
        Printed.FRR: None if point.frr is None else point.frr.value,
        Printed.TAR: point.tar,
    }[which]
