"""The entry points of the analysis, one function per command: from inputs to a frozen result.

The command line and the Python functions ask the same ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from opiscli.analysis.calibrate import calibrate_run, choose_thresholds
from opiscli.analysis.check import check_run
from opiscli.analysis.class_thresholds import diagnose_own_thresholds
from opiscli.analysis.compare import compare_runs
from opiscli.analysis.engines import with_engines
from opiscli.analysis.evaluate import derive
from opiscli.analysis.given_thresholds import to_count
from opiscli.analysis.groups import evaluate_groups, rate_groups, refuse_groups
from opiscli.analysis.holdout import hold_out
from opiscli.analysis.inputs import Input, Work, open_gallery
from opiscli.analysis.inspect import inspect_run
from opiscli.analysis.warnings.separation import source_warnings
from opiscli.counts.counts import CountedSet
from opiscli.embeddings.offsets import refuse_offsets, require_score
from opiscli.errors import UsageError
from opiscli.results import Calibration, Check, Comparison, Evaluation, Inspection
from opiscli.settings.calibration import Average, CalibrationSettings
from opiscli.settings.choice import require, require_one
from opiscli.settings.conditions import Condition, settings_for
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.engines import find_engines

_MOST_COMPARED = 26
_FAR_OF_INSPECTION = 1e-3
_LARGEST_FAR = 0.1
"""Up to here an evaluation counts anyway."""


def count(source: Input, given: Mapping[str, Any], work: Work) -> CountedSet:
    """Count a source completely, so that rates at any threshold can be computed."""
    return source.open(work).count(given, work, complete=True)


def evaluate(
    source: Input,
    given: Mapping[str, Any],
    work: Work,
    *,
    threshold_file: Path | None = None,
    index: str | None = None,
    gallery: Input | None = None,
    group_by: str | None = None,
    complete: bool = False,
) -> tuple[CountedSet, Evaluation]:
    """How good is the model, and how well does one threshold fit all classes?

    Parameters
    ----------
    given
        Fields of `EvaluationSettings` that were asked for.
    threshold_file
        Whose threshold is reported as one more operating point.
    index
        A FAISS index to put beside the exact search.
    gallery
        What to compare the items with, if not one another.
    group_by
        Column to look inside the groups of.
    complete
        Whether the counts are to be saved.

    Returns
    -------
    tuple
        The counts, and what follows from them.
    """
    refuse_groups(group_by, given.get("sample_pairs"), is_across=gallery is not None)
    against = None if gallery is None else open_gallery(gallery, source, work)
    opened = source.open(work, group=group_by, with_pairs=against is None)
    thresholds = opened.threshold_in(threshold_file, given.get("distance"))
    counts = opened.count(
        given, work, complete=complete, thresholds=thresholds, index=index, gallery=against
    )
    result = derive(counts, thresholds)
    if group_by is not None:
        items = opened.items("--group-by")
        result = evaluate_groups(
            result, counts, items, group_by, work.resources, on_progress=work.on_progress
        )
    return counts, result


def calibrate(
    source: Input,
    targets: Sequence[Target],
    given: Mapping[str, Any],
    work: Work,
    *,
    threshold_file: Path | None = None,
    evaluate_on: Input | None = None,
    group_by: str | None = None,
    per_class: bool = False,
    holdout: float | None = None,
    engines: Sequence[str] = (),
    **asked: Any,  # noqa: ANN401
) -> Calibration:
    """Which threshold meets the targets, and what are its rates?

    Parameters
    ----------
    given
        ``distance``, ``drop_duplicates`` and ``min_items``, where they were asked for.
    threshold_file
        Whose threshold is one more target.
    evaluate_on
        What the rates are to be of, if not of ``of``.
    group_by
        Column to take the rates inside the groups of.
    per_class
        Whether thresholds per class are compared with the best single one.
    holdout, asked
        Further fields of `CalibrationSettings`.
    engines
        Names of vector engines that the thresholds are written for.
    """
    written_for = find_engines(engines)
    opened = source.open(work, group=group_by if evaluate_on is None else None)
    from_file = opened.threshold_in(threshold_file, given.get("distance"))
    given_in_file = (Target(Criterion.THRESHOLD, value, opened.score) for value in from_file)
    targets = (*targets, *given_in_file)
    refuse_offsets(opened.score if written_for else "", "--for")
    items = None if holdout is None else opened.items("--holdout")
    asked_for = {**given, "ks": ()}
    fars = () if per_class else _only_fars(targets, asked)
    exact = to_count(opened.data, targets, given)
    counts = opened.count(asked_for, work, complete=not fars, thresholds=exact, fars=fars)
    settings = CalibrationSettings(
        targets=targets,
        distance=counts.settings.distance,
        drop_duplicates=counts.settings.drop_duplicates,
        min_items=counts.settings.min_items,
        score=counts.settings.score,
        holdout=holdout,
        **asked,
    )
    chosen = choose_thresholds(counts, settings)
    evaluated = None
    if evaluate_on is not None:
        opened = evaluate_on.open(work, group=group_by)
        require_score(opened.name, opened.score, counts.settings.score)
        measured = {**asked_for, "distance": settings.distance, "min_items": settings.min_items}
        evaluated = opened.count(measured, work, complete=True, thresholds=chosen)
    result = calibrate_run(counts, chosen, settings, evaluated=evaluated)
    about = [source_warnings(one) for one in (counts, evaluated) if one is not None]
    result = replace(result, warnings=(*dict.fromkeys(chain(*about)), *result.warnings))
    if per_class:
        result = diagnose_own_thresholds(result, counts, settings)
    if items is not None:
        result = hold_out(result, items, settings, work.resources, on_progress=work.on_progress)
    if group_by is not None:
        grouped = opened.items("--group-by")
        result = rate_groups(
            result, grouped, group_by, settings, work.resources, on_progress=work.on_progress
        )
    return with_engines(result, written_for, counts.counted.pooled) if written_for else result


def _only_fars(targets: Sequence[Target], asked: Mapping[str, Any]) -> tuple[float, ...]:
    """False-accept rates that alone decide on thresholds: these need few candidates."""
    given = (Criterion.THRESHOLD, Criterion.SIMILARITY)
    chosen = [target for target in targets if target.criterion not in given]
    fars = [
        target.value
        for target in chosen
        if target.criterion is Criterion.FAR and target.value is not None
    ]
    anything_else = (
        len(fars) < len(chosen)
        or any(far > _LARGEST_FAR for far in fars)
        or asked.get("average", Average.POOLED) is not Average.POOLED
        or any(asked.get(name) is not None for name in ("confidence", "class_share"))
        or asked.get("allow_zero")
    )
    return () if anything_else else tuple(fars)


def check(
    source: Input,
    conditions: Sequence[str],
    given: Mapping[str, Any],
    work: Work,
    *,
    at: Target | None = None,
    threshold_file: Path | None = None,
) -> Check:
    """Does any of the conditions hold?

    Parameters
    ----------
    conditions
        Such as ``opis>0.01``.
    given
        Fields of `EvaluationSettings` that were asked for.
    at, threshold_file
        Give the threshold of rates that name no FAR of their own; at most one of the two.
    """
    if not conditions:
        raise UsageError(
            "no condition was given", hint="For example --fail-if='opis>0.01', in quotes."
        )
    parsed = tuple(Condition.parse(text) for text in conditions)
    given_as = "threshold" if at is None else str(at.criterion)
    require_one("the threshold", **{given_as: at, "threshold_file": threshold_file})
    opened = source.open(work)
    for value in opened.threshold_in(threshold_file, given.get("distance")):
        at = Target(Criterion.THRESHOLD, value, opened.score)
    exact = to_count(opened.data, [] if at is None else [at], given)
    counts = opened.count({**given, **settings_for(parsed)}, work, complete=True, thresholds=exact)
    return check_run(counts, parsed, at)


def compare(sources: Sequence[Input], given: Mapping[str, Any], work: Work) -> Comparison:
    """How do several sources differ from the first?

    Parameters
    ----------
    sources
        From 2 to 26; the first is the baseline.
    given
        Fields of `EvaluationSettings` that were asked for.
    """
    if len(sources) < 2:
        raise UsageError(
            f"{len(sources)} source was given, expected two or more",
            hint="For example: opis compare before.parquet after.parquet.",
        )
    if len(sources) > _MOST_COMPARED:
        raise UsageError(
            f"{len(sources)} sources were given, expected {_MOST_COMPARED} at most",
            hint="Compare fewer at once.",
        )
    return compare_runs([source.open(work).count(given, work) for source in sources])


def inspect(
    source: Input,
    target: Target | None,
    given: Mapping[str, Any],
    work: Work,
    *,
    threshold_file: Path | None = None,
    pairs: int = 10,
    neighbours: int = 5,
    show: Sequence[str] = (),
) -> Inspection:
    """Which classes, pairs and items does a threshold get wrong?

    Parameters
    ----------
    target
        What decides the threshold; by default a FAR of 1e-3.
    given
        ``distance`` and ``drop_duplicates``, where they were asked for.
    threshold_file
        Whose threshold is taken instead.
    pairs, neighbours
        How many pairs of each kind are listed, and how many nearest others must agree on
        another class.
    show
        Columns to show of each item.
    """
    for option, number, most in (("--pairs", pairs, 100_000), ("--neighbours", neighbours, 1000)):
        require(1 <= number <= most, option, number, f"1 to {most}", "5")
    opened = source.open(work, show=tuple(show), find_id=True)
    items = opened.items(
        "opis inspect",
        hint="Name the embeddings for pairs and labels; opis calibrate shows from counts alone"
        " which classes have the highest error rates.",
    )
    for value in opened.threshold_in(threshold_file, given.get("distance")):
        target = Target(Criterion.THRESHOLD, value, opened.score)
    target = target or Target(Criterion.FAR, _FAR_OF_INSPECTION)
    settings = CalibrationSettings(targets=(target,), allow_zero=True, **given)
    return inspect_run(
        opened.count(
            {**given, "ks": ()},
            work,
            complete=True,
            thresholds=to_count(opened.data, [target], given),
        ),
        items,
        settings,
        work.resources,
        n_pairs=pairs,
        n_neighbours=neighbours,
        id_column=opened.id_column,
        show=tuple(show),
        on_progress=work.on_progress,
    )
