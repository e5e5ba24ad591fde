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
    """Collect the warnings: what was found, why it matters and what to do.

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
            f"{data.n_duplicates:,} items have exactly the same embedding as an earlier item;"
            " --drop-duplicates removes them",
        )
    yield from _about_conflicts(data, n_conflicts)
    if of.opis.n_classes < _FEWEST_CLASSES:
        have_pairs = "have two or more items" if of.gallery is None else "are in both sets"
        yield ReportWarning(
            "few-classes",
            f"only {of.opis.n_classes} classes {have_pairs};"
            " confidence intervals from so few classes are unreliable",
        )


def _about_conflicts(data: Data, n_conflicts: int) -> Iterator[ReportWarning]:
    if n_conflicts:
        effect = (
            "only the item of the first class was kept"
            if data.duplicates_dropped
            else "no threshold can separate them"
        )
        yield ReportWarning(
            "conflicting-labels",
            f"{n_conflicts:,} items have exactly the same embedding as an item with a different"
            f" label; {effect}",
        )


def _about_sample(of: Evaluation) -> Iterator[ReportWarning]:
    if of.pairs.mode == "sampled":
        n, n_negative = of.data.n_items, of.pairs.n_negative
        yield ReportWarning(
            "sampled",
            f"the numbers are estimates: each of {n:,} items was compared with about"
            f" {round(n_negative / n):,} random others, {n_negative:,} negative pairs in total",
        )


def _about_opis(of: Evaluation) -> Iterator[ReportWarning]:
    if of.eps_opis.value is None:
        yield ReportWarning(
            "epsilon-undefined",
            f"ε-OPIS is undefined: the worst {of.eps_opis.n_worst} of {of.opis.n_classes} classes"
            " leave no others to compare with; lower --epsilon",
        )
    if of.opis.corrected is None:
        why = "fewer than two classes have four or more items"
        if of.utility.kind == "precision-recall":
            why = "the noise floor is not defined for precision and recall"
        elif of.gallery is not None:
            why = "the noise floor is not defined for queries against a gallery"
        yield ReportWarning("noise-unknown", f"OPIS cannot be corrected for sampling noise: {why}")


def _about_points(of: Evaluation) -> Iterator[ReportWarning]:
    for point in of.operating_points:
        if point.target_far is None:
            continue
        if point.threshold is None:
            yield ReportWarning(
                "not-attainable",
                f"FAR {point.target_far:g} is unattainable on this data:"
                f" {of.pairs.n_negative:,} negative pairs",
            )
        elif (expected := point.target_far * of.pairs.n_negative) < _FEWEST_ERRORS:
            yield _few_errors(f"FAR {point.target_far:g}", expected)


def _few_errors(target: str, expected: float) -> ReportWarning:
    return ReportWarning(
        "few-errors",
        f"{target} allows only {expected:.3g} false accepts on this data; with fewer than"
        f" {_FEWEST_ERRORS} the threshold is unreliable",
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
                f"{point}: {_some(few)} of {len(of.groups):,} groups have fewer than"
                f" {_FEW_IN_GROUP} false accepts or false rejects; with so few, Max/GeoMean reaches"
                " 1.7 or more by chance, even between groups without a difference",
            )
        )
    return tuple(found)


def _without_pairs(names: Sequence[str], n_groups: int) -> Iterator[ReportWarning]:
    if names:
        yield ReportWarning(
            "groups-without-pairs",
            f"{_some(names)} of {n_groups:,} groups have no positive or no negative pairs, so"
            " nothing is measured in them",
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
        *(warning for point in of.operating_points for warning in _about_calibrated(point)),
    )


def _about_calibrated(point: CalibratedPoint) -> Iterator[ReportWarning]:
    if point.far is None or point.threshold is None:
        return
    if point.criterion == "threshold" and point.threshold != point.target:
        yield ReportWarning(
            "threshold-moved",
            f"pairs were not counted at {point.target:.6g}; the rates are those at the next larger"
            f" threshold, {point.threshold:.6g}",
        )
    expected = (point.target_far or 0.0) * point.far.n
    if point.criterion == "far" and expected < _FEWEST_ERRORS:
        yield _few_errors(f"FAR {point.target_far:g}", expected)
    if point.is_carried_by_few and point.average == "pooled":
        yield ReportWarning(
            "few-large-classes",
            f"{point.name}: a few large classes contribute most pairs and dominate the pooled"
            " rates; use --average macro to weight classes equally",
        )
    if point.far.k == 0:
        yield ReportWarning(
            "no-errors",
            f"{point.name}: no false accepts in {point.far.n:,} negative pairs; the true FAR may be"
            f" as high as {point.far.ci.hi:.3g} (rule of three over classes)",
        )
    elif point.n_effective_classes < FEWEST_EFFECTIVE and point.far.value < _TELLING_FAR:
        yield ReportWarning(
            "few-effective-classes",
            f"{point.name}: most false accepts come from a few classes (effective number of"
            f" classes: {point.n_effective_classes:.1f}), so the interval is unreliable; collect"
            " more classes or use --average macro",
        )
