r"""Thresholds for a false-accept rate without same-class pairs.

With F the share of all pairs that a threshold accepts and π the largest share of them that may be
positive, at least (1 − π) of the pairs are negative, so that

.. math:: \frac{F - π}{1 - π} \le \mathrm{FAR} \le \frac{F}{1 - π}

whatever the classes are. Between two sets that have no class in common every pair is negative, and
π is 0: FAR is F itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from opiscli.analysis.calibrate_source import calibrate
from opiscli.analysis.engines import with_engines
from opiscli.analysis.inputs import Input, Work
from opiscli.analysis.unlabelled_items import (
    OptionalLabels,
    require_comparable,
    require_two_sources,
)
from opiscli.analysis.unlabelled_points import (
    SharesCounted,
    chosen_thresholds,
    unlabelled_points,
)
from opiscli.analysis.warnings.unlabelled import unlabelled_warnings
from opiscli.counting.unlabelled import AllPairs, Counting, count_together
from opiscli.counts.histogram import DistanceHistogram
from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.offsets import refuse_offsets
from opiscli.embeddings.shared_items import shared_items
from opiscli.errors import EmbeddingError, UsageError
from opiscli.results import Calibration
from opiscli.results.calibration import PLAIN_SCORE
from opiscli.results.unlabelled import UnlabelledCalibration, UnlabelledPairs
from opiscli.settings.calibration import Average
from opiscli.settings.target import Criterion, Target
from opiscli.settings.unlabelled import UnlabelledSettings, refuse_what_needs_labels
from opiscli.settings.version import __version__
from opiscli.thresholds import threshold_file as files
from opiscli.thresholds import ties
from opiscli.thresholds.engines import find_engines

_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Unlabelled:
    """What replaces labels.

    Parameters
    ----------
    ignores_labels
        Whether labels are left out where there are some.
    max_positive_share
        Upper bound of the share of positive pairs; ``None`` where it was not stated.
    impostors
        Items of other classes.
    """

    ignores_labels: bool
    max_positive_share: float | None = None
    impostors: Input | None = None

    @property
    def option(self) -> str:
        """The option that leaves labels out."""
        return "--unlabelled" if self.impostors is None else "--impostors"

    @classmethod
    def asked(
        cls, *, unlabelled: bool, max_positive_share: float | None, impostors: Input | None
    ) -> "Unlabelled | None":
        """What was asked for, if anything was.

        Raises
        ------
        UsageError
            If nothing but the bound was given.
        """
        if impostors is None and not unlabelled:
            if max_positive_share is not None:
                raise UsageError(
                    "--max-positive-share was given without --unlabelled",
                    hint="Add --unlabelled; with labels, FAR is counted and needs no bound.",
                )
            return None
        return cls(unlabelled, max_positive_share, impostors)


_KEPT = ("threshold_file", "confidence", "engines")
_WITHOUT_LABELS = (*_KEPT, "average", "evaluate_on", "repeats", "seed")
"""Arguments that mean something without labels, or nothing alone; all others need labels."""


def calibrate_either(
    source: Input,
    targets: Sequence[Target],
    given: Mapping[str, Any],
    work: Work,
    *,
    without: Unlabelled | None,
    **asked: Any,  # noqa: ANN401
) -> Calibration | UnlabelledCalibration:
    """Calibrate with labels, as `calibrate`, or ``without`` them.

    Parameters
    ----------
    asked
        Further arguments of `calibrate`.
    """
    if without is None:
        return calibrate(source, targets, given, work, **asked)
    average = asked["average"] if asked["average"] is not Average.POOLED else None
    others = {"eval": asked["evaluate_on"], "min_items": given.get("min_items")}
    needed = {name: value for name, value in asked.items() if name not in _WITHOUT_LABELS}
    refuse_what_needs_labels(without.option, {**needed, "average": average, **others})
    kept = {name: asked[name] for name in _KEPT}
    return calibrate_unlabelled(source, targets, given, work, without, **kept)


def calibrate_unlabelled(
    source: Input,
    targets: Sequence[Target],
    given: Mapping[str, Any],
    work: Work,
    without: Unlabelled,
    *,
    threshold_file: Path | None = None,
    confidence: float | None = None,
    engines: Sequence[str] = (),
) -> UnlabelledCalibration:
    """Which threshold keeps FAR within a target, if labels are not known?

    Raises
    ------
    EmbeddingError
        If there are no pairs, or impostors are of the same classes.
    UndefinedMetric
        If no threshold meets a target.
    UsageError
        If something is asked for that needs labels.
    """
    written_for = find_engines(engines)
    items, others = _read(source, without, work)
    score, distance = items.items.score, given.get("distance") or Distance.EUCLIDEAN
    refuse_offsets(score if written_for else "", "--for")
    settings = UnlabelledSettings(
        targets=(*targets, *_in_file(threshold_file, distance, score)),
        distance=distance,
        max_positive_share=without.max_positive_share,
        has_impostors=others is not None,
        ignores_labels=without.ignores_labels,
        confidence=confidence,
        drop_duplicates=bool(given.get("drop_duplicates")),
        score=score,
    )
    result, pooled = _calibrated(items, others, settings, work)
    return with_engines(result, written_for, pooled) if written_for else result


def _in_file(file: Path | None, distance: Distance, score: str) -> tuple[Target, ...]:
    if file is None:
        return ()
    value = files.read(file, distance, score)
    return (Target(Criterion.THRESHOLD, value, score),)


def _read(
    source: Input, without: Unlabelled, work: Work
) -> tuple[OptionalLabels, OptionalLabels | None]:
    """The items, and impostors that can be compared with them."""
    if without.impostors is None:
        return OptionalLabels.open(source, work, without.option), None
    require_two_sources(source, without.impostors)
    items, others = (
        OptionalLabels.open(one, work, without.option) for one in (source, without.impostors)
    )
    require_comparable(items, others)
    if not without.ignores_labels:
        _require_other_classes(items, others)
    return items, others


def _require_other_classes(items: OptionalLabels, others: OptionalLabels) -> None:
    """Raise `EmbeddingError` if both have labels, and one of them is the same."""
    if not (items.has_labels and others.has_labels):
        return
    shared = sorted(set(items.items.names) & set(others.items.names))
    if shared:
        names = ", ".join(shared[:_NAMES_SHOWN]) + (", …" if len(shared) > _NAMES_SHOWN else "")
        raise EmbeddingError(
            f"{len(shared):,} classes of {items.data.source} are also in {others.data.source}"
            f" ({names}), so pairs between the two are not all impostors",
            hint="Leave these rows out with --impostors-where or --exclude; if equal labels mean"
            " different classes there, add --unlabelled.",
        )


def _calibrated(
    items: OptionalLabels,
    others: OptionalLabels | None,
    settings: UnlabelledSettings,
    work: Work,
) -> tuple[UnlabelledCalibration, DistanceHistogram]:
    had_labels = [one.data.source for one in (items, others) if one and one.has_labels]
    if settings.ignores_labels:
        items, others = items.without_labels(), others and others.without_labels()
    if settings.drop_duplicates:
        items, others = items.distinct(), others and others.distinct()
    beside = "" if others is None else f" against {others.data.n_items:,}"
    work.say(f"{items.data.n_items:,} × {items.data.dims:,}{beside}, {work.resources}")
    how = Counting(settings.distance, work.resources, work.on_progress)
    against = None if others is None else others.items
    run = _counted(items.items, against, settings, how)
    thresholds = chosen_thresholds(run, settings)
    points = unlabelled_points(
        run.at(np.array(thresholds)), thresholds, settings, items.data.source
    )
    n = run.pairs.together.n_pairs
    result = UnlabelledCalibration(
        opis_version=__version__,
        signature=settings.signature(__version__),
        data=items.data,
        impostors=None if others is None else others.data,
        max_positive_share=settings.max_positive_share,
        distance=settings.distance.value,
        score=settings.score or PLAIN_SCORE,
        pairs=UnlabelledPairs(
            n=n,
            n_positive=None if others is None else 0,
            n_negative=None if others is None else n,
        ),
        intervals_over=run.pairs.units,
        operating_points=points,
        warnings=(),
    )
    n_shared = 0 if others is None else shared_items(items.items, others.items)[0]
    ignored = had_labels if settings.ignores_labels else []
    warnings = tuple(unlabelled_warnings(result, n_shared, ignored))
    return replace(result, warnings=warnings), run.pooled


def _counted(
    items: EmbeddingSet, others: EmbeddingSet | None, settings: UnlabelledSettings, how: Counting
) -> SharesCounted:
    pairs = AllPairs.within(items) if others is None else AllPairs.across(items, others)
    fars = [one.value for one in settings.targets if one.criterion is Criterion.FAR]
    pooled = count_together(
        pairs,
        how,
        shares=tuple(settings.accepted_share(far) for far in fars if far is not None),
        thresholds=ties.thresholds_to_count(settings.targets, settings.distance, items.dims),
    )
    return SharesCounted(pairs, pooled, items.dims, how)
