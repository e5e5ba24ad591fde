"""The recipe of a check: take the numbers that conditions name, and see which hold."""

from collections.abc import Sequence

from opiscli.analysis.calibrate import calibrate_run, choose_thresholds
from opiscli.analysis.evaluate import derive
from opiscli.counts.counts import CountedSet
from opiscli.errors import UndefinedMetric, UsageError
from opiscli.results import CalibratedPoint, Check, CheckedCondition, Evaluation
from opiscli.settings.calibration import CalibrationSettings, Criterion, Target
from opiscli.settings.conditions import AT_THRESHOLD, Condition
from opiscli.version import __version__


def check_run(run: CountedSet, conditions: Sequence[Condition], threshold: float | None) -> Check:
    """See which conditions hold.

    Parameters
    ----------
    run
        Complete counts.
    threshold
        Where rates are taken that name no FAR of their own.

    Raises
    ------
    UsageError
        If a rate names no FAR and there is no threshold.
    UndefinedMetric
        If a number that is named has no value on this data.
    """
    evaluation = None
    signatures: list[str] = []
    checked = []
    for condition in conditions:
        if condition.name in AT_THRESHOLD:
            point, signature = _point(run, condition, threshold)
            value = _at(point, condition.name)
        else:
            evaluation = evaluation or derive(run)
            value, signature = _headline(evaluation, condition), evaluation.signature
        if signature not in signatures:
            signatures.append(signature)
        if value is None:
            raise UndefinedMetric(
                f"{condition.key} has no value on {run.data.source}, so {condition.text!r} cannot"
                " be checked",
                hint="opis evaluate says why; leave the condition out, or change the data.",
            )
        checked.append(
            CheckedCondition(
                condition=condition.text,
                name=condition.key,
                value=value,
                limit=condition.limit,
                failed=condition.holds(value),
            )
        )
    return Check(
        opis_version=__version__,
        signature=" ".join(signatures),
        data=run.data,
        passed=not any(one.failed for one in checked),
        conditions=tuple(checked),
    )


def _headline(evaluation: Evaluation, condition: Condition) -> float | None:
    opis = evaluation.opis
    if condition.rank is not None:
        return evaluation.recall[str(condition.rank)].value
    return {
        "opis": opis.value,
        "opis_corrected": opis.corrected,
        "opis_noise": opis.noise,
        "eps_opis": evaluation.eps_opis.value,
        "mean_utility": evaluation.mean_utility,
    }[condition.name]


def _point(
    run: CountedSet, condition: Condition, threshold: float | None
) -> tuple[CalibratedPoint, str]:
    if condition.far is not None:
        target = Target(Criterion.FAR, condition.far)
    elif threshold is not None:
        target = Target(Criterion.THRESHOLD, threshold)
    else:
        raise UsageError(
            f"--fail-if {condition.text!r} needs a threshold",
            hint=f"Write {condition.name}@far=1e-3, or give --threshold or --threshold-file.",
        )
    settings = CalibrationSettings(
        targets=(target,),
        distance=run.settings.distance,
        drop_duplicates=run.settings.drop_duplicates,
    )
    found = calibrate_run(run, choose_thresholds(run, settings), settings)
    return found.operating_points[0], found.signature


def _at(point: CalibratedPoint, name: str) -> float | None:
    return {
        "far": None if point.far is None else point.far.value,
        "frr": None if point.frr is None else point.frr.value,
        "tar": point.tar,
        "macro_far": point.macro_far,
        "worst_far": None if point.worst_far is None else point.worst_far.value,
        "worst_frr": None if point.worst_frr is None else point.worst_frr.value,
        "share_above_limit": point.share_above_limit,
    }[name]
