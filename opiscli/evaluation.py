"""The recipe of an evaluation: count all pairs once, derive every number from the counts."""

import numpy as np
import numpy.typing as npt

from opiscli.calibration import calibration_range, threshold_at_far
from opiscli.derivation import OPERATING_FARS, Counted, derive
from opiscli.embeddings import EmbeddingSet
from opiscli.pairs.counts import count_pairs
from opiscli.pairs.histogram import distance_histogram
from opiscli.pairs.neighbours import match_ranks
from opiscli.pairs.sweep import Progress
from opiscli.pairs.tiles import tile_side
from opiscli.resources import Resources
from opiscli.results import Data, Evaluation
from opiscli.settings import EvaluationSettings


def evaluate(
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike,
    settings: EvaluationSettings | None = None,
    *,
    threads: int | None = None,
    memory_limit: int | None = None,
) -> Evaluation:
    """Measure how well one distance threshold serves all classes.

    Parameters
    ----------
    embeddings
        Shape ``(n_items, dims)``, floats or integers, not necessarily of length one.
    labels
        Shape ``(n_items,)``, strings, integers or booleans.
    settings
        Everything that moves a number; by default FAR 1e-2 to 1e-1 in Euclidean distance.
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
        If a setting is out of range or the memory limit too small.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(["a", "b", "c"], 20)
    >>> centres = np.repeat(rng.normal(size=(3, 8)), 20, axis=0)
    >>> result = evaluate(centres + 0.4 * rng.normal(size=(60, 8)), labels)
    >>> result.recall["1"].value
    1.0
    """
    items = EmbeddingSet.from_arrays(np.asarray(embeddings), np.asarray(labels))
    resources = Resources.of_machine(threads=threads, memory_limit=memory_limit)
    return evaluate_items(items, settings or EvaluationSettings(), resources)


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
    found = items
    if settings.drop_duplicates:
        items = items.without_repeats()
    counted = _count(items, settings, resources, on_progress)
    data = Data(
        source=source,
        where=where,
        n_items=items.n_items,
        dims=items.dims,
        n_classes=items.n_classes,
        n_singletons=int(np.count_nonzero(items.class_sizes == 1)),
        n_duplicates=int(np.count_nonzero(found.repeats)),
        duplicates_dropped=settings.drop_duplicates,
    )
    return derive(counted, items.names, data, found.n_conflicts, settings)


def _count(
    items: EmbeddingSet,
    settings: EvaluationSettings,
    resources: Resources,
    on_progress: Progress | None,
) -> Counted:
    n_columns = settings.n_thresholds + len(OPERATING_FARS)
    side = tile_side(
        items.n_items,
        # Embeddings twice, because the index keeps its own; two int32 counts per threshold.
        fixed_bytes=2 * items.unit.nbytes + 8 * items.n_items * n_columns,
        bytes_per_item=2 * 8 * n_columns,
        resources=resources,
    )
    threads = resources.threads
    histogram = distance_histogram(
        items, settings.distance, side=side, threads=threads, on_progress=on_progress
    )
    ends = calibration_range(histogram, settings.calibration_range)
    grid = np.linspace(*ends, settings.n_thresholds)
    points = [threshold_at_far(histogram, target) for target in OPERATING_FARS]
    attainable = [point for point in points if point is not None]
    thresholds = np.unique(np.concatenate([grid, attainable]))
    counts = count_pairs(
        items, thresholds, settings.distance, side=side, threads=threads, on_progress=on_progress
    )
    ranks = match_ranks(items, max(settings.ks), threads=threads, on_progress=on_progress)
    return Counted(
        on_grid=counts.at(np.searchsorted(thresholds, grid)),
        at_targets={
            target: counts.at(np.searchsorted(thresholds, [point]))
            for target, point in zip(OPERATING_FARS, points, strict=True)
            if point is not None
        },
        ranks=ranks,
    )
