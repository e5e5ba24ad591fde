"""What a reader must know before trusting the numbers of an evaluation."""

from collections.abc import Iterator, Sequence

from opiscli.metrics.intervals.effective_classes import FEWEST_EFFECTIVE
from opiscli.results import (
    CalibratedPoint,
    Calibration,
    Data,
    EvaluatedGroup,
    Evaluation,
    GroupedRates,
    ReportWarning,
)

_FEWEST_ERRORS = 30
_FEWEST_CLASSES = 10
_TELLING_FAR = 0.5
_FEW_IN_GROUP = 10
_NAMES_SHOWN = 5


def evaluation_warnings(of: Evaluation, n_conflicts: int) -> tuple[ReportWarning, ...]:
    """Collect the warnings: what was seen, why it matters and what to do.

    Parameters
    ----------
    n_conflicts
        Items whose embedding also occurs in another class.
    """
    return (
        *_about_sample(of),
        *_about_data(of, n_conflicts),
        *_about_opis(of),
        *_about_points(of),
    )


def _about_data(of: Evaluation, n_conflicts: int) -> Iterator[ReportWarning]:
    data = of.data
    if data.n_duplicates and not data.duplicates_dropped and of.gallery is None:
        yield ReportWarning(
            "duplicates",
            f"{data.n_duplicates:,} items repeat an earlier embedding exactly;"
            " --drop-duplicates removes them",
        )
    yield from _about_conflicts(data, n_conflicts)
    if of.opis.n_classes < _FEWEST_CLASSES:
        have_pairs = "have two items or more" if of.gallery is None else "are in both sets"
        yield ReportWarning(
            "few-classes",
            f"only {of.opis.n_classes} classes {have_pairs};"
            " intervals over so few classes are rough",
        )


def _about_conflicts(data: Data, n_conflicts: int) -> Iterator[ReportWarning]:
    if n_conflicts:
        effect = (
            "only the one of the first class was kept"
            if data.duplicates_dropped
            else "no threshold can tell them apart"
        )
        yield ReportWarning(
            "conflicting-labels",
            f"{n_conflicts:,} items have the same embedding as an item of another class; {effect}",
        )


def _about_sample(of: Evaluation) -> Iterator[ReportWarning]:
    if of.pairs.mode == "sampled":
        n, n_negative = of.data.n_items, of.pairs.n_negative
        yield ReportWarning(
            "sampled",
            f"numbers are estimates: each of {n:,} items was held against"
            f" {round(n_negative / n):,} random others, {n_negative:,} negative pairs in all",
        )


def _about_opis(of: Evaluation) -> Iterator[ReportWarning]:
    if of.eps_opis.value is None:
        yield ReportWarning(
            "epsilon-undefined",
            f"the worst {of.eps_opis.n_worst} of {of.opis.n_classes} classes leave no class to"
            " compare with, so ε-OPIS is undefined; lower --epsilon",
        )
    if of.opis.corrected is None:
        why = "fewer than two classes have four items"
        if of.utility.kind == "precision-recall":
            why = "the noise floor is not defined for precision and recall"
        elif of.gallery is not None:
            why = "the noise floor is not defined across two sets"
        yield ReportWarning("noise-unknown", f"OPIS could not be corrected for noise: {why}")


def _about_points(of: Evaluation) -> Iterator[ReportWarning]:
    for point in of.operating_points:
        if point.target_far is None:
            continue
        if point.threshold is None:
            yield ReportWarning(
                "not-attainable",
                f"FAR {point.target_far:g} is not attainable above 0 on"
                f" {of.pairs.n_negative:,} negative pairs",
            )
        elif (expected := point.target_far * of.pairs.n_negative) < _FEWEST_ERRORS:
            yield ReportWarning(
                "few-errors",
                f"FAR {point.target_far:g} means {expected:.3g} false accepts in"
                f" {of.pairs.n_negative:,} negative pairs; below {_FEWEST_ERRORS} a threshold is"
                " mostly chance",
            )


def evaluated_group_warnings(groups: Sequence[EvaluatedGroup]) -> tuple[ReportWarning, ...]:
    """Collect the warnings about groups that were evaluated."""
    return tuple(_without_pairs([one.group for one in groups if one.opis is None], len(groups)))


def group_rate_warnings(of: GroupedRates, point: str) -> tuple[ReportWarning, ...]:
    """Collect the warnings about rates of groups at one point."""
    without = [one.group for one in of.groups if one.far is None]
    few = [
        one.group
        for one in of.groups
        if one.far is not None and one.frr is not None and min(one.far.k, one.frr.k) < _FEW_IN_GROUP
    ]
    found = list(_without_pairs(without, len(of.groups)))
    if few and of.far is not None:
        found.append(
            ReportWarning(
                "few-errors-in-groups",
                f"{point}: {_some(few)} of {len(of.groups):,} groups had fewer than {_FEW_IN_GROUP}"
                " errors of a kind; between groups that are alike, so few make a Max/GeoMean of"
                " 1.7 or more by chance",
            )
        )
    return tuple(found)


def _without_pairs(names: Sequence[str], n_groups: int) -> Iterator[ReportWarning]:
    if names:
        yield ReportWarning(
            "groups-without-pairs",
            f"{_some(names)} of {n_groups:,} groups had no positive or no negative pair inside;"
            " nothing is known of them",
        )


def _some(names: Sequence[str]) -> str:
    """Count and the first few names: ``2 ('a', 'b')``."""
    shown = ", ".join(repr(name) for name in names[:_NAMES_SHOWN])
    return f"{len(names):,} ({shown}{', …' if len(names) > _NAMES_SHOWN else ''})"


def inspection_warnings(data: Data, n_conflicts: int) -> tuple[ReportWarning, ...]:
    """Collect the warnings of an inspection."""
    return tuple(_about_conflicts(data, n_conflicts))


def calibration_warnings(of: Calibration, n_conflicts: int) -> tuple[ReportWarning, ...]:
    """Collect the warnings of a calibration.

    Parameters
    ----------
    n_conflicts
        Items whose embedding also occurs in another class.
    """
    return (
        *_about_conflicts(of.data, n_conflicts),
        *(notice for point in of.operating_points for notice in _about_calibrated(point)),
    )


def _about_calibrated(point: CalibratedPoint) -> Iterator[ReportWarning]:
    if point.far is None or point.threshold is None:
        return
    if point.criterion == "threshold" and point.threshold != point.target:
        yield ReportWarning(
            "threshold-moved",
            f"pairs were not counted at {point.target:.6g}; the rates are those at the next"
            f" threshold, {point.threshold:.6g}",
        )
    expected = (point.target_far or 0.0) * point.far.n
    if point.criterion == "far" and expected < _FEWEST_ERRORS:
        yield ReportWarning(
            "few-errors",
            f"{point.name} means {expected:.3g} false accepts in {point.far.n:,} negative pairs;"
            f" below {_FEWEST_ERRORS} a threshold is mostly chance",
        )
    if point.is_carried_by_few and point.average == "pooled":
        yield ReportWarning(
            "few-large-classes",
            f"{point.name}: a few large classes hold most pairs, so pooled rates are mostly"
            " theirs; --average macro counts every class once",
        )
    if point.far.k == 0:
        yield ReportWarning(
            "no-errors",
            f"{point.name}: no false accept in {point.far.n:,} negative pairs; all that is known is"
            f" a FAR below {point.far.ci.hi:.3g}, by the rule of three on classes",
        )
    elif point.n_effective_classes < FEWEST_EFFECTIVE and point.far.value < _TELLING_FAR:
        yield ReportWarning(
            "few-effective-classes",
            f"{point.name}: few classes make most of the false accepts, which say no more than"
            f" {point.n_effective_classes:.1f} equal classes would; the interval is rough",
        )
