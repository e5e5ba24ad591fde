"""The recipe of an evaluation: count all pairs once, derive every number from the counts."""

import numpy as np
import numpy.typing as npt

from opiscli.counting import count
from opiscli.derivation import derive
from opiscli.embeddings import EmbeddingSet
from opiscli.pairs.sweep import Progress
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
    counted = count(items, settings, resources, on_progress)
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
