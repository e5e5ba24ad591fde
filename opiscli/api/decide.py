"""Decide: the functions `calibrate` and `check`."""

from collections.abc import Sequence
from typing import Unpack

import numpy.typing as npt

from opiscli.analysis import questions
from opiscli.analysis.calibrate_unlabelled import Unlabelled, calibrate_either
from opiscli.analysis.inputs import Input
from opiscli.api.arguments import (
    AnySource,
    Embeddings,
    PathLike,
    ReadingOptions,
    each,
    gallery_of,
    input_of,
    path_of,
    settings_of,
    work_of,
)
from opiscli.atomic_file import require_free
from opiscli.distance import Distance
from opiscli.results import Calibration, Check
from opiscli.results.unlabelled import UnlabelledCalibration
from opiscli.settings.calibration import Average
from opiscli.settings.choice import choice, require_together
from opiscli.settings.target import Target
from opiscli.thresholds import unlabelled_file


def calibrate(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    far: float | Sequence[float] | None = None,
    criterion: str | Sequence[str] | None = None,
    target: float | None = None,
    threshold: float | Sequence[float] | None = None,
    similarity: float | Sequence[float] | None = None,
    threshold_file: PathLike | None = None,
    average: Average | str = Average.POOLED,
    confidence: float | None = None,
    class_share: float | None = None,
    prevalence: float | None = None,
    margin: float | str | None = None,
    probability: bool = False,
    allow_zero: bool = False,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    eval: AnySource | None = None,
    eval_where: Sequence[str] | None = None,
    unlabelled: bool = False,
    max_positive_share: float | None = None,
    impostors: AnySource | None = None,
    impostors_where: str | Sequence[str] | None = None,
    impostors_labels: npt.ArrayLike | PathLike | None = None,
    gallery: AnySource | None = None,
    gallery_where: Sequence[str] | None = None,
    gallery_labels: PathLike | None = None,
    group_by: str | None = None,
    per_class: bool = False,
    holdout: float | None = None,
    repeats: int = 20,
    engine: str | Sequence[str] | None = None,
    output: PathLike | None = None,
    force: bool = False,
    seed: int = 0,
    **reading: Unpack[ReadingOptions],
) -> Calibration | UnlabelledCalibration:
    """Choose a threshold for a false-accept rate or another target, with the rates it attains.

    Parameters
    ----------
    embeddings, labels, distance, drop_duplicates, min_items, **reading
        As in `evaluate`.
    far
        One rate or several, in (0, 1): the largest threshold with a false-accept rate of at most
        this.
    criterion, target
        ``frr=0.05`` or ``tar=0.95``: the smallest threshold that meets it; ``eer``: where FAR and
        FRR are equal; ``max-utility``: the largest mean utility of classes; ``precision=0.99``: the
        largest threshold up to which precision meets it; ``fpir=0.01``: the largest at which at
        most this share of searches without their class in the gallery is accepted; one or several.
        ``target`` is that of criteria given without one.
    threshold, similarity, threshold_file
        Thresholds to take the rates of: distances in [0, 2], similarities in [-1, 1], and a file
        that was written before.
    average
        ``pooled``: rate over all pairs; ``macro``: mean of per-class rates.
    confidence
        In [0.5, 1): the upper bound of FAR must meet the target, for new classes of the same kind.
    class_share
        In (0, 1): this share of new classes must meet the FAR, FRR or TAR target each by itself, at
        this ``confidence``, or at 0.95.
    prevalence
        Share of positive pairs among those that production compares, in (0, 1): adds the
        precision there.
    margin
        In a search, accept the nearest item only if the nearest of any other class is farther by
        this difference of distances; ``auto`` chooses it for ``criterion="fpir=0.01"``.
    probability
        Also fit the probability that two items are of one class, by their distance and at this
        ``prevalence``, and measure its error on held-out classes; `probability` applies it.
    allow_zero
        If the FAR target cannot be met, use the largest threshold with zero false accepts.
    eval, eval_where
        Take the rates on this: a pair of embeddings and labels, the name of a file with
        conditions on its rows, or a set that was read or counted before.
    unlabelled, max_positive_share
        Whether labels are not used, so that they may be missing, and the largest share of pairs
        that may be positive, in [0, 1): the threshold is the largest whose FAR is certainly at most
        the target. See docs/without-labels.md.
    impostors, impostors_where, impostors_labels
        Items of other classes, in the form of ``eval``: the FAR is that of all pairs of an item and
        one of these; labels may be missing on both sides.
    gallery, gallery_where, gallery_labels
        As in `evaluate`.
    group_by
        A column: also take the rates in each group in it.
    per_class
        Also compare thresholds per class with the best single one.
    holdout, repeats
        Share of classes to choose on, in (0, 1), the others being tested, and how often, 1 to 1000.
    engine
        Vector engines to write the threshold for, such as ``pgvector-cosine``: see ``engines`` of
        each operating point.
    output, force
        Name of a file to write the threshold to, which may be overwritten.
    seed
        Random seed of the draws of classes.

    Returns
    -------
    Calibration or UnlabelledCalibration
        The same result that ``opis calibrate --json`` prints, with one operating point per target;
        the second without labels or with impostors, where the rates of classes are not known.

    Raises
    ------
    EmbeddingError
        If the data cannot be evaluated.
    UndefinedMetric
        If no threshold meets a target.
    UsageError
        If there is no target, or an argument is out of range.
    SourceError
        If a file cannot be read or holds something else.

    Examples
    --------
    >>> import opiscli
    >>> found = opiscli.calibrate("sample_data/wordnet.parquet", far=1e-3)
    >>> point = found.operating_points[0]
    >>> point.far.value <= 1e-3
    True
    """
    path = path_of(output)
    if path is not None:
        require_free(path, force=force)
    without = _without_labels(
        unlabelled, max_positive_share, impostors, impostors_where, impostors_labels, reading
    )
    found = calibrate_either(
        input_of(embeddings, labels, reading, needs_labels=without is None),
        Target.given(
            far=each(far),
            criterion=each(criterion),
            target=target,
            threshold=each(threshold),
            similarity=each(similarity),
        ),
        settings_of(distance=distance, drop_duplicates=drop_duplicates, min_items=min_items),
        work_of(reading),
        without=without,
        threshold_file=path_of(threshold_file),
        evaluate_on=_tested_on(eval, eval_where, reading),
        gallery=gallery_of(gallery, gallery_where, gallery_labels, reading),
        group_by=group_by,
        per_class=per_class,
        holdout=holdout,
        repeats=repeats,
        average=choice(Average, "--average", average),
        confidence=confidence,
        class_share=class_share,
        prevalence=prevalence,
        margin=margin,
        probability=probability,
        allow_zero=allow_zero,
        seed=seed,
        engines=each(engine),
    )
    if path is not None:
        unlabelled_file.write(found, path, force=force)
    return found


def _tested_on(
    source: AnySource | None, where: Sequence[str] | None, reading: ReadingOptions
) -> Input | None:
    """What the rates are to be of, if not of what the threshold is chosen on."""
    if source is None:
        require_together("--eval", eval_where=where)
        return None
    rows: ReadingOptions = {**reading, "where": where or ()}
    return input_of(source, None, rows, side="eval")


def _without_labels(
    unlabelled: bool,
    max_positive_share: float | None,
    impostors: AnySource | None,
    where: str | Sequence[str] | None,
    labels: npt.ArrayLike | PathLike | None,
    reading: ReadingOptions,
) -> Unlabelled | None:
    """What replaces labels, if anything does."""
    others = None
    if impostors is None:
        require_together("--impostors", impostors_where=where, impostors_labels=labels)
    else:
        rows: ReadingOptions = {**reading, "columns": {}, "where": where or ()}
        others = input_of(impostors, labels, rows, side="impostors", needs_labels=False)
    return Unlabelled.asked(
        unlabelled=unlabelled, max_positive_share=max_positive_share, impostors=others
    )


def check(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    fail_if: str | Sequence[str] = (),
    threshold: float | None = None,
    similarity: float | None = None,
    threshold_file: PathLike | None = None,
    prevalence: float | None = None,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    seed: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> Check:
    """Check conditions on the metrics, as a gate for a model.

    Parameters
    ----------
    embeddings, labels, distance, drop_duplicates, min_items, seed, **reading
        As in `evaluate`.
    fail_if
        Conditions to fail on, such as ``opis>0.01``, ``recall@1<0.9`` or ``tar@far=1e-3<0.5``.
    threshold, similarity, threshold_file
        Threshold used for rates without ``@far=…``: a distance in [0, 2], a similarity in
        [-1, 1], or a file that `calibrate` wrote.
    prevalence
        Share of positive pairs among those that production compares, in (0, 1), which a condition
        on ``precision`` needs.

    Returns
    -------
    Check
        The same result that ``opis check --json`` prints; ``passed`` is true if none is met.

    Raises
    ------
    UndefinedMetric
        If a number that is named has no value on this data.
    UsageError
        If there is no condition, one cannot be read, or a rate has no threshold.

    Examples
    --------
    >>> import opiscli
    >>> opiscli.check("sample_data/wordnet.parquet", fail_if=["recall@1<0.1"]).passed
    True
    """
    return questions.check(
        input_of(embeddings, labels, reading),
        each(fail_if),
        settings_of(
            distance=distance,
            prevalence=prevalence,
            drop_duplicates=drop_duplicates,
            min_items=min_items,
            seed=seed,
        ),
        work_of(reading),
        at=Target.one_of(threshold=threshold, similarity=similarity),
        threshold_file=path_of(threshold_file),
    )
