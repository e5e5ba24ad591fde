"""The recipe of an evaluation: count all pairs once, derive every number from the counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from opiscli.analysis.evaluate import derive
from opiscli.counting import CountRequest, count
from opiscli.counting.deployment import deploy
from opiscli.counting.gallery import count_against_gallery
from opiscli.counting.sampling import count_sample
from opiscli.counts.counts import CountedGallery, CountedSet
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.shared_items import shared_items
from opiscli.engine.executors import Progress
from opiscli.errors import UsageError
from opiscli.pairs.gallery import Across
from opiscli.results import Data, Evaluation
from opiscli.settings.choice import choice
from opiscli.settings.evaluation import (
    Distance,
    EvaluationSettings,
    RangeRequest,
    Utility,
    refused_with_gallery,
)
from opiscli.settings.resources import Resources


@dataclass(frozen=True, slots=True)
class Gallery:
    """What queries are held against; ``source`` and ``where`` name it in the result."""

    items: EmbeddingSet
    source: str = "arrays"
    where: tuple[str, ...] = ()


def evaluate(
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    *,
    far: tuple[float, float] | None = None,
    frr: tuple[float, float] | None = None,
    range: tuple[float, float] | None = None,
    distance: Distance | str = Distance.EUCLIDEAN,
    utility: Utility | str = Utility.TPR_TNR,
    beta: float = 1.0,
    epsilon: float = 0.1,
    thresholds: int = 201,
    k: int | Sequence[int] = 1,
    ranking: bool = False,
    index: str | None = None,
    drop_duplicates: bool = False,
    sample_pairs: int | None = None,
    gallery: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    seed: int = 0,
    threads: int | None = None,
    memory_limit: int | None = None,
) -> Evaluation:
    """Measure how well one distance threshold serves all classes.

    Options are those of ``opis evaluate``.

    Parameters
    ----------
    embeddings
        Shape ``(n_items, dims)``, floats or integers, not necessarily of length one.
    labels
        Shape ``(n_items,)``, strings, integers or booleans.
    far, frr, range
        Calibration range by pooled false-accept rate, by pooled false-reject rate or as
        two distances; at most one of them. By default ``far=(1e-2, 1e-1)``.
    distance
        ``euclidean``, in [0, 2], or ``cosine``, in [0, 2].
    utility, beta
        ``tpr-tnr`` or ``precision-recall``, and the weight of the second rate.
    epsilon
        Share of classes that count as the worst, in (0, 1).
    thresholds
        Grid points over the calibration range, at least 2.
    k
        Rank or ranks at which recall is reported.
    ranking
        Also report MAP@R and R-precision.
    index
        Also report what a FAISS index makes of R@1, OPIS and the thresholds: a string of its
        index factory such as ``SQ8``, or a file of the same items in the same order.
    drop_duplicates
        Keep one of all items with exactly the same embedding.
    sample_pairs
        Estimate from about so many pairs instead of all.
    gallery
        Embeddings and labels of a separate gallery: pairs are across the two only, and
        classes are matched by the text of their labels.
    seed
        Of the bootstrap over classes, and of the sample of pairs.
    threads
        By default one per processor.
    memory_limit
        Bytes; by default a quarter of the machine's memory.

    Returns
    -------
    Evaluation
        The same result that ``opis evaluate --json`` prints.

    Raises
    ------
    EmbeddingError
        If the arrays cannot be evaluated; the first bad row is named.
    UndefinedMetric
        If the calibration range cannot be formed on this data.
    UsageError
        If an option is out of range or the memory limit too small.
    SourceError
        If an index file cannot be read or holds something else.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(["a", "b", "c"], 20)
    >>> centres = np.repeat(rng.normal(size=(3, 8)), 20, axis=0)
    >>> result = evaluate(centres + 0.4 * rng.normal(size=(60, 8)), labels, far=(0.05, 0.2))
    >>> result.recall["1"].value
    1.0
    """
    settings = EvaluationSettings(
        distance=choice(Distance, "--distance", distance),
        calibration_range=RangeRequest.of(far=far, frr=frr, distance=range),
        utility=choice(Utility, "--utility", utility),
        beta=beta,
        epsilon=epsilon,
        n_thresholds=thresholds,
        ks=(k,) if isinstance(k, int) else tuple(k),
        ranking=ranking,
        drop_duplicates=drop_duplicates,
        sample_pairs=sample_pairs,
        seed=seed,
    )
    resources = Resources.of_machine(threads=threads, memory_limit=memory_limit)
    items, *others = (
        EmbeddingSet.from_arrays(np.asarray(x), np.asarray(y), with_pairs=gallery is None)
        for x, y in ((embeddings, labels), *([] if gallery is None else [gallery]))
    )
    against = Gallery(others[0]) if others else None
    return derive(count_items(items, settings, resources, index=index, gallery=against))


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
    index
        A FAISS index, by its file or factory string, whose answers are to stand beside the
        exact ones.
    gallery
        What the items are held against, if not one another.
    source, where
        Name the set in results.
    """
    settings = replace(settings, gallery=gallery is not None)
    if gallery is not None:
        _refuse_with_gallery(complete=complete, index=index)
        request = CountRequest.of(settings, thresholds=thresholds)
        sides = Gallery(items, source, where), gallery
        return _count_against(*sides, settings, request, resources, on_progress)
    found = items
    if settings.drop_duplicates:
        items = items.without_repeats()
    if settings.sample_pairs is not None and settings.sample_pairs >= items.n_pairs:
        settings = replace(settings, sample_pairs=None)
    _refuse_with_sample(settings, complete=complete, exact=bool(thresholds), index=index)
    request = CountRequest.of(settings, complete=complete, thresholds=thresholds)
    data = replace(
        _described(items, source, where),
        n_duplicates=int(np.count_nonzero(found.repeats)),
        duplicates_dropped=settings.drop_duplicates,
    )
    counted = (
        count(items, request, resources, on_progress)
        if settings.sample_pairs is None
        else count_sample(
            items, request, settings.sample_pairs, settings.seed, resources, on_progress
        )
    )
    deployed = index and deploy(
        items,
        counted,
        index,
        settings.distance,
        resources,
        seed=settings.seed,
        on_progress=on_progress,
    )
    return CountedSet(
        counted=counted,
        data=data,
        n_conflicts=found.n_conflicts,
        settings=settings,
        deployed=deployed or None,
    )


def _count_against(
    queries: Gallery,
    gallery: Gallery,
    settings: EvaluationSettings,
    request: CountRequest,
    resources: Resources,
    on_progress: Progress | None,
) -> CountedSet:
    sets = Across.of(queries.items, gallery.items)
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
    )


def _refuse_with_gallery(*, complete: bool, index: str | None) -> None:
    for option, is_given in (("--save", complete), ("--index", index is not None)):
        if is_given:
            raise refused_with_gallery(option)


def _refuse_with_sample(
    settings: EvaluationSettings, *, complete: bool, exact: bool, index: str | None
) -> None:
    if settings.sample_pairs is None:
        return
    if complete:
        raise UsageError(
            "a saved evaluation holds all pairs, but --sample-pairs looks at some",
            hint="Leave --sample-pairs out, or do not save.",
        )
    if exact:
        raise UsageError(
            "a given threshold is counted on all pairs, but --sample-pairs looks at some",
            hint="Leave --sample-pairs out, or the threshold.",
        )
    if index is not None:
        raise UsageError(
            "--index is held against all pairs, but --sample-pairs looks at some",
            hint="Leave one of the two out.",
        )
