"""From a source to a calibration: what to count, in which order to choose, test and warn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from opiscli.analysis.calibrate import calibrate_run, choose_thresholds
from opiscli.analysis.class_thresholds import diagnose_own_thresholds
from opiscli.analysis.engines import with_engines
from opiscli.analysis.given_thresholds import to_count
from opiscli.analysis.groups import rate_groups
from opiscli.analysis.holdout import hold_out
from opiscli.analysis.inputs import Input, Opened, Work
from opiscli.analysis.precision_order import with_order
from opiscli.analysis.probability import with_probability
from opiscli.analysis.warnings.separation import source_warnings
from opiscli.embeddings.offsets import refuse_offsets, require_score
from opiscli.results import Calibration
from opiscli.settings.calibration import Average, CalibrationSettings
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.engines import find_engines

_LARGEST_FAR = 0.1
"""Up to here an evaluation counts anyway."""


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
    targets = (*targets, *_in_file(opened, threshold_file, given))
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
    data, told = opened.data, {"on_progress": work.on_progress}
    counts = with_order(counts, data, settings, work)
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
    result = with_probability(result, counts, data, evaluated, settings, work)
    if per_class:
        result = diagnose_own_thresholds(result, counts, settings)
    if items is not None:
        result = hold_out(result, items, settings, work.resources, **told)
    if group_by is not None:
        grouped = opened.items("--group-by")
        result = rate_groups(result, grouped, group_by, settings, work.resources, **told)
    return with_engines(result, written_for, counts.counted.pooled) if written_for else result


def _in_file(opened: Opened, file: Path | None, given: Mapping[str, Any]) -> list[Target]:
    found = opened.threshold_in(file, given.get("distance"))
    return [Target(Criterion.THRESHOLD, value, opened.score) for value in found]


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
        or asked.get("probability")
    )
    return () if anything_else else tuple(fars)
