"""The recipe of an evaluation: count all pairs once, derive every number from the counts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from opiscli.analysis.evaluate import derive
from opiscli.counting.gallery import count_against_gallery
from opiscli.counting.request import CountRequest
from opiscli.counting.reuse import under
from opiscli.counting.sample import count_sample
from opiscli.counting.within import count_within
from opiscli.counts.counts import CountedGallery, CountedSet, Counts
from opiscli.counts.min_items import with_min_items
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.mean_similarity import mean_similarity
from opiscli.embeddings.offsets import refuse_offsets
from opiscli.embeddings.on_disk import require_in_memory
from opiscli.embeddings.query_gallery import QueryGallery
from opiscli.embeddings.shared_items import shared_items
from opiscli.errors import UsageError
from opiscli.progress import Progress
from opiscli.results import Data, Evaluation
from opiscli.settings.evaluation import (
    DEFAULT_MIN_ITEMS,
    EvaluationSettings,
    RangeBy,
    RangeRequest,
    refused_with_gallery,
)
from opiscli.settings.resources import Origin, Resources


@dataclass(frozen=True, slots=True)
class Gallery:
    """The gallery to compare queries with; ``source`` and ``where`` name it in the result.

    Parameters
    ----------
    origin
        What reads its vectors again on a worker, if it is to.
    """

    items: EmbeddingSet
    source: str = "arrays"
    where: tuple[str, ...] = ()
    origin: Origin | None = None


def evaluate_items(
    items: EmbeddingSet,
    settings: EvaluationSettings,
    resources: Resources,
    *,
    source: str = "arrays",
    where: tuple[str, ...] = (),
    on_progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a set that has already been read; ``source`` and ``where`` name it in the result."""
    run = count_items(
        items, settings, resources, source=source, where=where, on_progress=on_progress
    )
    return derive(run)


def count_items(
    items: EmbeddingSet,
    settings: EvaluationSettings,
    resources: Resources,
    *,
    complete: bool = False,
    thresholds: tuple[float, ...] = (),
    fars: tuple[float, ...] = (),
    margin: bool = False,
    index: str | None = None,
    gallery: Gallery | None = None,
    source: str = "arrays",
    where: tuple[str, ...] = (),
    on_progress: Progress | None = None,
) -> CountedSet:
    """Count the pairs of a set that has already been read.

    Parameters
    ----------
    complete
        Whether any threshold may be asked for later; an evaluation file needs that.
    thresholds
        Thresholds that will be asked for to the digit.
    fars
        False-accept rates whose thresholds will be asked for, if that is all.
    margin
        Whether a margin between classes may be asked for later.
    index
        A FAISS index, by its file or factory string, whose answers are to stand beside the
        exact ones.
    gallery
        What the items are held against, if not one another.
    source, where
        Name the set in results.
    """
    settings = replace(settings, gallery=gallery is not None, score=items.score)
    if index is not None:
        refuse_offsets(items.score, f"--index {index}")
        require_in_memory(items.vectors, f"--index={index}")
    # Which thresholds are needed depends on the classes that are left out afterwards.
    keeps_all = complete or settings.min_items > DEFAULT_MIN_ITEMS
    asked_of = partial(
        CountRequest.of, complete=keeps_all, thresholds=thresholds, fars=fars, margin=margin
    )
    if gallery is not None:
        if index is not None:
            raise refused_with_gallery("--index")
        sides = Gallery(items, source, where), gallery

        def crossed(asked: EvaluationSettings) -> CountedSet:
            request = asked_of(asked)
            return _count_against(*sides, asked, request, resources, on_progress)

        return _judged(crossed, settings)
    found = items
    if settings.drop_duplicates:
        items = items.without_repeats()
    if settings.sample_pairs is not None and settings.sample_pairs >= items.n_pairs:
        settings = replace(settings, sample_pairs=None)
    _refuse_with_sample(settings, complete=complete, exact=bool(thresholds), index=index)
    described = replace(
        _described(items, source, where),
        n_duplicates=int(np.count_nonzero(found.repeats)),
        duplicates_dropped=settings.drop_duplicates,
    )

    def counted(asked: EvaluationSettings) -> CountedSet:
        request = asked_of(asked)
        counts = _count(items, request, asked, resources, on_progress)
        return CountedSet(
            counted=counts, data=described, n_conflicts=found.n_conflicts, settings=asked
        )

    run = _judged(counted, settings)
    return _deployed(run, items, index, resources, on_progress) if index else run


def _deployed(
    run: CountedSet,
    items: EmbeddingSet,
    index: str,
    resources: Resources,
    on_progress: Progress | None,
) -> CountedSet:
    """The counts extended by the counts through an index."""
    # Only here: it imports FAISS, which counts that were read do not need.
    from opiscli.counting.ann_index import deploy

    settings = run.settings
    deployed = deploy(
        items,
        run.counted,
        index,
        settings.distance,
        resources,
        seed=settings.seed,
        on_progress=on_progress,
    )
    return with_min_items(replace(run, deployed=deployed))


def _judged(
    count: Callable[[EvaluationSettings], CountedSet], settings: EvaluationSettings
) -> CountedSet:
    """Count all classes, then exclude classes with few items.

    A range of FRR depends on the classes that are left: over it pairs are counted once more, at
    its own thresholds.
    """
    whole = replace(settings, min_items=DEFAULT_MIN_ITEMS)
    run = under(count(whole), settings)
    grid, by_frr = run.counted.grid, settings.calibration_range.by is RangeBy.FRR
    if run.of_all is None or grid is None or not by_frr or settings.sample_pairs is not None:
        return run
    found = RangeRequest(RangeBy.DISTANCE, float(grid[0]), float(grid[-1]), run.settings.score)
    again = count(replace(whole, calibration_range=found))
    return with_min_items(replace(again, settings=settings))


def _count(
    items: EmbeddingSet,
    request: CountRequest,
    settings: EvaluationSettings,
    resources: Resources,
    on_progress: Progress | None,
) -> Counts:
    if settings.sample_pairs is None:
        return count_within(items, request, resources, on_progress)
    return count_sample(
        items, request, settings.sample_pairs, settings.seed, resources, on_progress
    )


def _count_against(
    queries: Gallery,
    gallery: Gallery,
    settings: EvaluationSettings,
    request: CountRequest,
    resources: Resources,
    on_progress: Progress | None,
) -> CountedSet:
    sets = QueryGallery.of(queries.items, gallery.items)
    counted = count_against_gallery(sets, request, resources, on_progress)
    n_shared, n_conflicts = shared_items(queries.items, gallery.items)
    return CountedSet(
        counted=counted,
        data=_described(queries.items, queries.source, queries.where),
        n_conflicts=n_conflicts,
        settings=settings,
        gallery=CountedGallery(
            data=_described(gallery.items, gallery.source, gallery.where), n_shared=n_shared
        ),
    )


def _described(items: EmbeddingSet, source: str, where: tuple[str, ...]) -> Data:
    return Data(
        source=source,
        where=where,
        n_items=items.n_items,
        dims=items.dims,
        n_classes=items.n_classes,
        n_singletons=int(np.count_nonzero(items.class_sizes == 1)),
        n_duplicates=int(np.count_nonzero(items.repeats)),
        duplicates_dropped=False,
        sha256=items.sha256,
        mean_similarity=mean_similarity(items),
    )


def _refuse_with_sample(
    settings: EvaluationSettings, *, complete: bool, exact: bool, index: str | None
) -> None:
    if settings.sample_pairs is None:
        return
    if complete:
        raise UsageError(
            "a saved evaluation contains counts of all pairs, but --sample-pairs counts only some",
            hint="Leave --sample-pairs out, or do not save.",
        )
    if exact:
        raise UsageError(
            "a given threshold needs counts of all pairs, but --sample-pairs counts only some",
            hint="Leave --sample-pairs out, or the threshold.",
        )
    if index is not None:
        raise UsageError(
            "--index needs counts of all pairs, but --sample-pairs counts only some",
            hint="Leave one of the two out.",
        )
