"""Decide: the function `translate`."""

from typing import Unpack

from opiscli.analysis import translate as recipe
from opiscli.api.arguments import (
    AnySource,
    PathLike,
    ReadingOptions,
    input_of,
    path_of,
    work_of,
)
from opiscli.atomic_file import require_free
from opiscli.distance import Distance
from opiscli.results.translation import Translation
from opiscli.settings.choice import choice
from opiscli.settings.target import Target
from opiscli.thresholds import translated_file


def translate(
    old: AnySource,
    new: AnySource,
    *,
    threshold: float | None = None,
    similarity: float | None = None,
    threshold_file: PathLike | None = None,
    distance: Distance | str | None = None,
    by_row: bool = False,
    new_embedding_column: str | None = None,
    output: PathLike | None = None,
    force: bool = False,
    **reading: Unpack[ReadingOptions],
) -> Translation:
    """Find the threshold of a new model that accepts the same share of pairs of the same items.

    Parameters
    ----------
    old, new
        The same items under two models, in the forms of `opiscli.evaluate`, with labels or
        without. Items are matched by ``id_column``, or by a column ``id``.
    threshold, similarity, threshold_file
        The threshold of the old model: a distance, a similarity, or a file that `calibrate` wrote.
    distance
        ``euclidean`` or ``cosine``, for the thresholds of both models.
    by_row
        Whether items are matched by their rows; needed for arrays without ids.
    new_embedding_column
        Name of the column of embeddings in ``new``, if it is another one there.
    output, force
        Name of a file to write the threshold to, which may be overwritten.
    **reading
        Columns and rows of both, as in `opiscli.evaluate`.

    Returns
    -------
    Translation
        The same result that ``opis translate --json`` prints.

    Raises
    ------
    EmbeddingError
        If an id is there twice, or no item is in both.
    UndefinedMetric
        If the old threshold accepts no pair or all pairs.
    UsageError
        If there is no threshold, or there are no ids.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> old = rng.normal(size=(200, 16))
    >>> new = old @ rng.normal(size=(16, 8))
    >>> found = translate(old, new, similarity=0.5, by_row=True, threads=1)
    >>> found.new_point.accepted.k <= found.old_point.accepted.k
    True
    """
    path = path_of(output)
    if path is not None:
        require_free(path, force=force)
    of_new = reading
    if new_embedding_column is not None:
        of_new = {**reading, "embedding_column": new_embedding_column}
    found = recipe.translate(
        input_of(old, None, reading, needs_labels=False),
        input_of(new, None, of_new, needs_labels=False),
        work_of(reading),
        target=Target.one_of(
            threshold=threshold, similarity=similarity, threshold_file=threshold_file
        ),
        threshold_file=path_of(threshold_file),
        distance=choice(Distance, "--distance", distance or Distance.EUCLIDEAN),
        by_row=by_row,
    )
    if path is not None:
        translated_file.write(found, path, force=force)
    return found
