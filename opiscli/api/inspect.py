"""Measure: the function `inspect`."""

from collections.abc import Sequence
from typing import Unpack

import numpy.typing as npt

from opiscli.analysis import questions
from opiscli.api.arguments import (
    PathLike,
    ReadingOptions,
    input_of,
    path_of,
    settings_of,
    work_of,
)
from opiscli.distance import Distance
from opiscli.results import Inspection
from opiscli.settings.target import Target


def inspect(
    embeddings: npt.ArrayLike | PathLike,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    far: float | None = None,
    threshold: float | None = None,
    similarity: float | None = None,
    threshold_file: PathLike | None = None,
    pairs: int = 10,
    neighbours: int = 5,
    show: Sequence[str] = (),
    components: bool = False,
    distance: Distance | str | None = None,
    drop_duplicates: bool | None = None,
    **reading: Unpack[ReadingOptions],
) -> Inspection:
    """List the classes with the highest error rates, the hardest pairs and likely label errors.

    Parameters
    ----------
    embeddings, labels, distance, drop_duplicates, **reading
        As in `evaluate`, but not counted before: pairs are looked at one by one. A column
        ``id``, or ``id_column``, names items.
    far, threshold, similarity, threshold_file
        What decides the threshold: a false-accept rate in (0, 1), a distance in [0, 2], a
        similarity in [-1, 1], or a file that `calibrate` wrote; at most one of them. By default
        ``far=1e-3``.
    pairs
        How many pairs of each kind are listed, and how many likely label errors, at least 1.
    neighbours
        How many nearest others must agree on another class, at least 1.
    show
        Columns to show of each item.
    components
        Whether the result also describes the connected components of the accepted pairs: the
        classes that they merge or split, and the threshold of the take-off of the largest.

    Returns
    -------
    Inspection
        The same result that ``opis inspect --json`` prints.

    Raises
    ------
    UndefinedMetric
        If no threshold meets the target.
    UsageError
        If an argument is out of range, or there are only counts.

    Examples
    --------
    >>> import opiscli
    >>> found = opiscli.inspect("sample_data/wordnet.parquet", far=1e-3, pairs=3)
    >>> len(found.negatives), found.negatives[0].accepted
    (3, True)
    """
    file = path_of(threshold_file)
    return questions.inspect(
        input_of(embeddings, labels, reading),
        Target.one_of(far=far, threshold=threshold, similarity=similarity, threshold_file=file),
        settings_of(distance=distance, drop_duplicates=drop_duplicates),
        work_of(reading),
        threshold_file=file,
        pairs=pairs,
        neighbours=neighbours,
        show=show,
        components=components,
    )
