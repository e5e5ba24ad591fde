"""Improve: offsets that make similarities comparable between classes."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy.typing as npt

from opiscli.analysis.normalize import Normalized, normalize_rows
from opiscli.api.arguments import (
    AnySource,
    PathLike,
    ReadingOptions,
    conditions,
    path_of,
    selection_of,
    work_of,
)
from opiscli.embeddings.frame_like import is_frame
from opiscli.settings.normalization import NormalizationSettings, parse_weight
from opiscli.sources import open_rows
from opiscli.sources.offset_rows import OffsetRows


def normalize(
    embeddings: AnySource,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    cohort: AnySource,
    cohort_where: str | Sequence[str] = (),
    cohort_labels: npt.ArrayLike | PathLike | None = None,
    k: int = 50,
    weight: float | str = 0.25,
    output: PathLike | None = None,
    force: bool = False,
    seed: int = 0,
    **reading: Unpack[ReadingOptions],
) -> Normalized:
    """Compute an offset per item that makes similarities comparable between classes.

    An offset is ``weight`` times r, the mean similarity of an item to its ``k`` nearest of a
    cohort of other classes, less the cohort's own mean r. The similarity of two items less both of
    their offsets is what all functions compare items by where they are given the offsets.

    Parameters
    ----------
    embeddings, labels
        As in `opiscli.evaluate`, but labels may be missing, and nothing that was read before.
    cohort, cohort_labels
        Items of other classes from the same model, in any of these forms; at least 10 classes if
        there are labels.
    cohort_where
        Conditions on rows of the cohort.
    k
        From 1 to 10,000.
    weight
        From 0 to 1, or ``"auto"`` for the best of 0, 0.25 and 0.5 on held-out cohort classes.
    output
        Parquet file to write, with all columns and the column ``offset``.
    force
        Whether to replace a file that is there.
    seed
        Of the halves into which the classes of the cohort are cut.
    **reading
        Columns and rows, as in `opiscli.evaluate`.

    Returns
    -------
    Normalized
        ``offsets``, to be given as ``columns={"offset": offsets}`` beside the same arrays; and
        ``report``, which ``opis normalize --json`` prints.

    Raises
    ------
    UsageError
        If an option is out of range, or the file is there already.
    SourceError
        If a file cannot be read, or has another column ``offset``.
    EmbeddingError
        If dims differ, or the cohort has too few classes or items.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> labels = np.repeat(np.arange(40), 8)
    >>> x = rng.normal(size=(40, 6))[labels] + 0.5 * rng.normal(size=(320, 6))
    >>> kept = labels >= 20
    >>> found = normalize(x[kept], labels[kept], cohort=(x[~kept], labels[~kept]), k=20, threads=1)
    >>> found.offsets.score
    'cos-offset(k=20,w=0.25)'
    """
    settings = NormalizationSettings(k=k, weight=parse_weight(weight), seed=seed)
    work = work_of(reading)
    source = _rows(embeddings, labels, reading, work.resources.memory_limit)
    beside: ReadingOptions = {**reading, "columns": {}, "where": cohort_where}
    others = _rows(cohort, cohort_labels, beside, work.resources.memory_limit, side="cohort")
    return normalize_rows(source, others, settings, work, path=path_of(output), force=force)


def _rows(
    embeddings: AnySource, labels: object, reading: ReadingOptions, limit: int, side: str = ""
) -> OffsetRows:
    if labels is None and isinstance(embeddings, tuple) and len(embeddings) == 2:
        embeddings, labels = embeddings
    selection = replace(
        selection_of(reading, side), memory_limit=limit, where=conditions(reading.get("where", ()))
    )
    if isinstance(embeddings, str | os.PathLike):
        file = None if labels is None else Path(str(labels))
        return open_rows(os.fspath(embeddings), replace(selection, labels_file=file))
    if is_frame(embeddings) and labels is None:
        return open_rows(embeddings, selection)
    return open_rows(embeddings, selection, {**reading.get("columns", {}), "label": labels})
