"""The recipe of a check: find the numbers that conditions name, and see which are met."""

from collections.abc import Sequence

from opiscli.analysis.calibrate import calibrate_run, choose_thresholds
from opiscli.analysis.evaluate import derive
from opiscli.analysis.given_thresholds import about_units
from opiscli.analysis.warnings.check import condition_warnings
from opiscli.analysis.warnings.compare import DOUBTS
from opiscli.analysis.warnings.separation import source_warnings
from opiscli.counts.counts import CountedSet
from opiscli.errors import UndefinedMetric, UsageError
from opiscli.results import CalibratedPoint, Check, CheckedCondition, ReportWarning
from opiscli.results.headlines import entries, point_entries
from opiscli.settings.calibration import CalibrationSettings
from opiscli.settings.conditions import Condition
from opiscli.settings.target import Criterion, Target
from opiscli.settings.version import __version__


def check_run(run: CountedSet, conditions: Sequence[Condition], at: Target | None) -> Check:
    """Find the conditions that are met.

    Parameters
    ----------
    run
        Complete counts.
    at
        Gives the threshold for rates that name no FAR target of their own.

    Raises
    ------
    UsageError
        If a rate names no FAR target and there is no threshold.
    UndefinedMetric
        If a number that is named has no value on this data.
    """
    numbers = _Numbers(run, at)
    checked = tuple(_checked(condition, numbers) for condition in conditions)
    doubts = dict.fromkeys((*source_warnings(run), *numbers.doubts))
    return Check(
        opis_version=__version__,
        signature=" ".join(numbers.signatures),
        data=run.data,
        passed=not any(condition.failed for condition in checked),
        conditions=checked,
        warnings=(
            *doubts,
            *about_units(run, [] if at is None else [at]),
            *condition_warnings(conditions),
        ),
    )


def _checked(condition: Condition, numbers: "_Numbers") -> CheckedCondition:
    value = numbers.value(condition)
    if value is None:
        raise UndefinedMetric(
            f"{condition.key} has no value on {numbers.run.data.source}, so {condition.text!r}"
            " cannot be checked",
            hint="opis evaluate says why; leave the condition out, or change the data.",
        )
    return CheckedCondition(
        condition=condition.text,
        name=condition.key,
        value=value,
        limit=condition.limit,
        failed=condition.holds(value),
    )


class _Numbers:
    """Finds the numbers that conditions name; evaluates once at most."""

    def __init__(self, run: CountedSet, at: Target | None) -> None:
        self.run = run
        self._at = at
        self._evaluation: dict[str, float | None] = {}
        self._signatures: dict[str, None] = {}
        self.doubts: tuple[ReportWarning, ...] = ()

    @property
    def signatures(self) -> tuple[str, ...]:
        """Signatures of all computed results, without repetition."""
        return tuple(self._signatures)

    def value(self, condition: Condition) -> float | None:
        """Value of the number that a condition names; ``None`` where it does not exist."""
        if condition.is_at_threshold:
            point, signature = _point(self.run, condition, self._at)
            found = {entry.name: entry.number.value for entry in point_entries(point, "")}
            self._signatures[signature] = None
            return found.get(condition.name)
        if not self._evaluation:
            evaluation = derive(self.run)
            self.doubts = tuple(one for one in evaluation.warnings if one.code in DOUBTS)
            self._signatures[evaluation.signature] = None
            self._evaluation = {entry.name: entry.number.value for entry in entries(evaluation)}
        return self._evaluation.get(condition.key)


def _point(run: CountedSet, condition: Condition, at: Target | None) -> tuple[CalibratedPoint, str]:
    prevalence = run.settings.prevalence
    if condition.name == "precision" and prevalence is None:
        raise UsageError(
            f"--fail-if {condition.text!r} needs --prevalence, on which precision depends",
            hint="Give the share of same-class pairs where the threshold will be used, for example"
            " --prevalence=1e-3.",
        )
    if condition.far is not None:
        target = Target(Criterion.FAR, condition.far)
    elif at is not None:
        target = at
    else:
        raise UsageError(
            f"--fail-if {condition.text!r} needs a threshold",
            hint=f"Write {condition.name}@far=1e-3, or give --similarity or --threshold-file.",
        )
    settings = CalibrationSettings(
        targets=(target,),
        distance=run.settings.distance,
        prevalence=prevalence,
        drop_duplicates=run.settings.drop_duplicates,
        min_items=run.settings.min_items,
        score=run.settings.score,
        unit=run.settings.unit,
    )
    found = calibrate_run(run, choose_thresholds(run, settings), settings)
    return found.operating_points[0], found.signature
