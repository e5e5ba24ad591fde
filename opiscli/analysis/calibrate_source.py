"""From a source to a calibration: what to count, in which order to choose, test and warn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from opiscli.analysis.calibrate import calibrate_run, choose_thresholds
from opiscli.analysis.class_thresholds import diagnose_own_thresholds
from opiscli.analysis.counting import Gallery
from opiscli.analysis.engines import with_engines
from opiscli.analysis.gallery_source import open_gallery
from opiscli.analysis.given_thresholds import to_count
from opiscli.analysis.groups import rate_groups
from opiscli.analysis.holdout import hold_out
from opiscli.analysis.identification import settings_with_margin
from opiscli.analysis.inputs import Input, Opened, Work
from opiscli.analysis.precision_order import with_order
from opiscli.analysis.probability import with_probability
from opiscli.analysis.warnings.separation import source_warnings
from opiscli.counts.counts import CountedSet
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import refuse_offsets, require_score
from opiscli.errors import UsageError
from opiscli.results import Calibration
from opiscli.settings.calibration import Average, CalibrationSettings
from opiscli.settings.evaluation import refused_with_gallery
from opiscli.settings.margin import Margin
from opiscli.settings.target import Criterion, Target
from opiscli.thresholds.engines import find_engines
from opiscli.thresholds.threshold_file import margin_in

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
    gallery: Input | None = None,
    margin: float | str | None = None,
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
    gallery
        What to compare the items with, if not one another.
    margin
        What a search demands of its nearest candidate, or ``auto``.
    engines
        Names of vector engines that the thresholds are written for.
    """
    written_for, least = find_engines(engines), _margin(margin, threshold_file)
    against = _gallery(gallery, source, work, group_by=group_by, per_class=per_class)
    group = group_by if evaluate_on is None else None
    opened = source.open(work, group=group, with_pairs=against is None)
    targets = (*targets, *_in_file(opened, threshold_file, given))
    refuse_offsets(opened.score if written_for else "", "--for")
    _refuse_for_pairs(opened, is_for_engine=bool(written_for), per_class=per_class)
    items = None if holdout is None else opened.items("--holdout")
    asked_for = {**given, "ks": _ranks(opened)}
    fars = () if per_class else _only_fars(targets, asked)
    exact = to_count(opened.data, targets, given)
    rates = _rates(targets) if opened.is_listed else (fars, ())
    how: Any = {"rates": rates, "gallery": against, "margin": least is not None}
    counts = opened.count(asked_for, work, complete=not fars, thresholds=exact, **how)
    settings = _settings(counts, targets=targets, holdout=holdout, margin=least, **asked)
    settings = settings_with_margin(counts.counted, settings)
    data, told = opened.data, {"on_progress": work.on_progress}
    counts = with_order(counts, data, settings, work)
    chosen = choose_thresholds(counts, settings)
    evaluated = None
    if evaluate_on is not None:
        opened = evaluate_on.open(work, group=group_by, with_pairs=against is None)
        evaluated = _evaluated(opened, given, chosen, settings, work, against)
    result = calibrate_run(counts, chosen, settings, evaluated=evaluated)
    about = [source_warnings(one) for one in (counts, evaluated) if one is not None]
    result = replace(result, warnings=(*dict.fromkeys(chain(*about)), *result.warnings))
    result = with_probability(result, counts, data, evaluated, settings, work, against)
    if per_class:
        result = diagnose_own_thresholds(result, counts, settings)
    if items is not None:
        result = hold_out(result, items, settings, work.resources, gallery=against, **told)
    if group_by is not None:
        grouped = opened.items("--group-by")
        result = rate_groups(result, grouped, group_by, settings, work.resources, **told)
    return with_engines(result, written_for, counts.counted.pooled) if written_for else result


def _in_file(opened: Opened, file: Path | None, given: Mapping[str, Any]) -> list[Target]:
    found = opened.threshold_in(file, given.get("distance"))
    return [Target(Criterion.THRESHOLD, value, opened.score) for value in found]


def _settings(counts: CountedSet, **asked: Any) -> CalibrationSettings:  # noqa: ANN401
    """What was asked for, with what the counts were made with."""
    counted = counts.settings
    return CalibrationSettings(
        distance=counted.distance,
        drop_duplicates=counted.drop_duplicates,
        min_items=counted.min_items,
        score=counted.score,
        gallery=counted.gallery,
        unit=counted.unit,
        **asked,
    )


def _margin(asked: float | str | None, file: Path | None) -> Margin | None:
    """The margin that was asked for, else that of a threshold file."""
    if asked is None and file is not None:
        return Margin.given(margin_in(file))
    return Margin.given(asked)


def _gallery(
    gallery: Input | None, source: Input, work: Work, *, group_by: str | None, per_class: bool
) -> Gallery | None:
    """Read the gallery, if there is one, and refuse what is only for pairs within one set."""
    if gallery is None:
        return None
    for option, is_given in (("--group-by", group_by is not None), ("--per-class", per_class)):
        if is_given:
            raise refused_with_gallery(option)
    return open_gallery(gallery, source, work)


def _ranks(opened: Opened) -> tuple[int, ...]:
    """Ranks to count recall for: where items are still to be counted, searches are counted so."""
    return (1,) if isinstance(opened.data, EmbeddingSet) else ()


def _evaluated(
    tested: Opened,
    given: Mapping[str, Any],
    chosen: tuple[float, ...],
    settings: CalibrationSettings,
    work: Work,
    gallery: Gallery | None,
) -> CountedSet:
    """Count the source that rates are measured on, at the chosen thresholds."""
    require_score(tested.name, tested.score, settings.score)
    measured = {**given, **_measured_as(settings, tested)}
    how: Any = {"gallery": gallery, "margin": settings.margin is not None}
    return tested.count(measured, work, complete=True, thresholds=chosen, **how)


def _refuse_for_pairs(opened: Opened, *, is_for_engine: bool, per_class: bool) -> None:
    """Raise `UsageError` if something was asked for that listed pairs are not enough for."""
    is_given = opened.measured().is_given
    for option, is_refused, why in (
        ("--for", is_for_engine and is_given, "vector engines compare embeddings"),
        ("--per-class", per_class and opened.is_listed, "its estimate needs the items of classes"),
    ):
        if is_refused:
            raise UsageError(
                f"{option} has no meaning for {opened.name}, whose rows are pairs with scores:"
                f" {why}",
                hint="Omit it.",
            )


def _measured_as(settings: CalibrationSettings, tested: Opened) -> dict[str, Any]:
    """Settings to count the source that rates are measured on.

    Raises
    ------
    UsageError
        If its thresholds are measured in something else.
    """
    own = settings.distance
    found = tested.measured(None if own.is_given else own)
    if found.is_given != own.is_given or (own.is_given and found is not own):
        raise UsageError(
            f"the threshold is a {own.in_words}, but {tested.name} is measured by {found.in_words}",
            hint="Measure the rates on a source of the same kind.",
        )
    distance = {} if own.is_given else {"distance": own}
    if tested.is_listed:
        return distance
    return {**distance, "min_items": settings.min_items, "ks": _ranks(tested)}


def _rates(targets: Sequence[Target]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """False-accept and false-reject rates whose thresholds among listed pairs are to be exact."""
    far = [t.value for t in targets if t.criterion is Criterion.FAR and t.value is not None]
    frr = [target.most_frr for target in targets if target.most_frr is not None]
    return tuple(far), tuple(frr)


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
