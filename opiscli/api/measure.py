"""Measure: the functions `evaluate`, `count` and `compare`."""

from collections.abc import Sequence
from typing import Unpack

import numpy.typing as npt

from opiscli.analysis import questions
from opiscli.api.arguments import (
    AnySource,
    Bounds,
    Embeddings,
    PathLike,
    ReadingOptions,
    gallery_of,
    input_of,
    path_of,
    settings_of,
    work_of,
)
from opiscli.atomic_file import require_free
from opiscli.counts import opis_file
from opiscli.counts.counts import CountedSet
from opiscli.distance import Distance
from opiscli.results import Comparison, Evaluation
from opiscli.settings.evaluation import Utility


def evaluate(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    far: Bounds | None = None,
    frr: Bounds | None = None,
    range: Bounds | None = None,
    similarity_range: Bounds | None = None,
    distance: Distance | str | None = None,
    utility: Utility | str | None = None,
    beta: float | None = None,
    epsilon: float | None = None,
    n_thresholds: int | None = None,
    threshold_file: PathLike | None = None,
    prevalence: float | None = None,
    k: int | Sequence[int] | None = None,
    ranking: bool | None = None,
    index: str | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    sample_pairs: int | None = None,
    gallery: AnySource | None = None,
    gallery_where: Sequence[str] | None = None,
    gallery_labels: PathLike | None = None,
    group_by: str | None = None,
    save: PathLike | None = None,
    force: bool = False,
    seed: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> Evaluation:
    """Measure how well one distance threshold fits all classes.

    Parameters
    ----------
    embeddings
        Shape ``(n_items, dims)``, floats, not necessarily of length one: an array, tensor, list
        or column of a table. Or a table of pandas, polars, pyarrow or another library, the name
        of a file, or a set that was read or counted before. Rows of a table or file may be labelled
        pairs with scores: see ``scores`` of `opiscli.api.reading.ReadingOptions`.
    labels
        Shape ``(n_items,)``, strings, integers or booleans, in any of these forms; or the name
        of a file of labels: NPY, text with one per line, CSV or Parquet. A table and most files
        have their own.
    far, frr, range, similarity_range
        Calibration range by pooled false-accept rate, by pooled false-reject rate, in (0, 1), as
        two distances, in [0, 2], or as two similarities, in [-1, 1]; at most one of them. By
        default ``far=(1e-2, 1e-1)``.
    distance
        Distance measure used for thresholds: ``euclidean`` (the default) or ``cosine``, both
        in [0, 2].
    utility, beta
        ``tpr-tnr`` (the default) or ``precision-recall``: which pair of rates the per-class
        F-score combines; and the weight of TPR, or of recall, in it, above 0, by default 1.
    epsilon
        Share of classes that count as the worst, in (0, 1), by default 0.1.
    n_thresholds
        Grid points over the calibration range, 2 to 10,001, by default 201.
    threshold_file
        A file that `calibrate` wrote, whose threshold is one more operating point.
    prevalence
        Share of positive pairs among those that production compares, in (0, 1): adds the precision
        there to every operating point.
    k
        Rank or ranks at which recall is reported, 1 to 1000, by default 1.
    ranking
        Also report MAP@R and R-precision.
    index
        Also evaluate through a FAISS index: a factory string such as ``SQ8``, or a saved
        index of the same items in the same order.
    drop_duplicates
        Keep one of all items with exactly the same embedding.
    min_items
        Measure only classes with at least so many items, 2 or more, by default 2; the others only
        form different-class pairs.
    sample_pairs
        Estimate from about so many pairs instead of all, at least 1000.
    gallery, gallery_where, gallery_labels
        A pair of embeddings and labels, a table, or the name of a file, with conditions on its
        rows and the name of a file of labels: compare the embeddings (queries) with this gallery
        instead of with themselves.
    group_by
        A column: also report each group in it at the global thresholds.
    save, force
        Name of an ``.opis`` file to save all counts to, which may be overwritten.
    seed
        Random seed, 0 or more, by default 0.
    **reading
        Columns, rows, threads and memory; see `opiscli.api.reading.ReadingOptions`.

    Returns
    -------
    Evaluation
        The same result that ``opis evaluate --json`` prints.

    Raises
    ------
    EmbeddingError
        If the data cannot be evaluated; the first bad row is named.
    UndefinedMetric
        If the calibration range cannot be formed on this data.
    UsageError
        If an argument is out of range, or two do not go together.
    SourceError
        If a file cannot be read or holds something else.

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
    path = path_of(save)
    if path is not None:
        require_free(path, force=force)
    counts, result = questions.evaluate(
        input_of(embeddings, labels, reading),
        settings_of(
            far=far, frr=frr, range=range, similarity_range=similarity_range,
            distance=distance, utility=utility, beta=beta,
            epsilon=epsilon, n_thresholds=n_thresholds, k=k, ranking=ranking,
            drop_duplicates=drop_duplicates, min_items=min_items, sample_pairs=sample_pairs,
            prevalence=prevalence, seed=seed,
        ),
        work_of(reading),
        threshold_file=path_of(threshold_file),
        index=index,
        gallery=gallery_of(gallery, gallery_where, gallery_labels, reading),
        group_by=group_by,
        complete=path is not None,
    )  # fmt: skip
    if path is not None:
        opis_file.write(counts, path, force=force)
    return result


def count(
    embeddings: Embeddings,
    labels: npt.ArrayLike | PathLike | None = None,
    *,
    distance: Distance | str | None = None,
    k: int | Sequence[int] | None = None,
    ranking: bool | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> CountedSet:
    """Count all pairs once; every other function takes the counts in place of embeddings.

    Parameters
    ----------
    embeddings, labels, distance, k, ranking, drop_duplicates, min_items, **reading
        As in `evaluate`.

    Returns
    -------
    CountedSet
        What ``opis evaluate --save`` writes to a file.

    Examples
    --------
    >>> import opiscli
    >>> counts = opiscli.count("sample_data/wordnet.parquet")
    >>> opiscli.calibrate(counts, far=1e-3).operating_points[0].far.value <= 1e-3
    True
    """
    asked = settings_of(
        distance=distance,
        k=k,
        ranking=ranking,
        drop_duplicates=drop_duplicates,
        min_items=min_items,
    )
    return questions.count(input_of(embeddings, labels, reading), asked, work_of(reading))


def compare(
    *sources: AnySource,
    far: Bounds | None = None,
    frr: Bounds | None = None,
    range: Bounds | None = None,
    similarity_range: Bounds | None = None,
    epsilon: float | None = None,
    distance: Distance | str | None = None,
    k: int | Sequence[int] | None = None,
    drop_duplicates: bool | None = None,
    min_items: int | None = None,
    seed: int | None = None,
    **reading: Unpack[ReadingOptions],
) -> Comparison:
    """Compare R@1, OPIS, ε-OPIS and TAR of several sources against the first.

    Parameters
    ----------
    sources
        From 2 to 26: pairs of embeddings and labels, tables, names of files, or sets that were
        read or counted before.
    far, frr, range, similarity_range, epsilon, distance, k, drop_duplicates, min_items, seed,
    **reading
        As in `evaluate`.

    Returns
    -------
    Comparison
        The same result that ``opis compare --json`` prints; changes have intervals where all
        sources are of the same classes.

    Raises
    ------
    UndefinedMetric
        If the calibration range of one cannot be formed.
    UsageError
        If there are too few or too many sources, or an argument is out of range.

    Examples
    --------
    >>> import opiscli
    >>> counts = opiscli.count("sample_data/wordnet.parquet")
    >>> opiscli.compare(counts, counts).metrics[0].values[1].change.difference
    0.0
    """
    asked = settings_of(
        far=far, frr=frr, range=range, similarity_range=similarity_range,
        epsilon=epsilon, distance=distance, k=k,
        drop_duplicates=drop_duplicates, min_items=min_items, seed=seed,
    )  # fmt: skip
    compared = [input_of(source, None, reading) for source in sources]
    return questions.compare(compared, asked, work_of(reading))
