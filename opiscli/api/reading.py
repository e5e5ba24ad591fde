"""Keyword arguments that say what to read: columns, rows and pairs of a source."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypedDict

from opiscli.progress import Progress
from opiscli.settings.resources import Executor
from opiscli.sources import Selection
from opiscli.sources.pair_selection import PairSelection, score_kind

PathLike: TypeAlias = str | os.PathLike[str]

OF_PAIRS = (
    "score_column",
    "same_column",
    "scores",
    "a_column",
    "b_column",
    "cluster_column",
    "class_column",
    "trials",
)
"""Arguments that say that rows are pairs."""


class ReadingOptions(TypedDict, total=False):
    """Keyword arguments of every function that takes embeddings.

    Parameters
    ----------
    columns
        Further arrays by name, of shape ``(n_items,)``, beside arrays of embeddings.
    embedding_column, label_column, id_column
        Names of the columns of a file or table; by default ``embedding`` or the one list-of-float
        column, and ``label``.
    embedding_columns
        Glob over the names of columns that hold one coordinate each, such as ``dim_*``.
    where, exclude
        Conditions ``COLUMN=VALUE`` that rows must meet, and of rows that are left out. Beside
        arrays the columns are ``label`` and those of ``columns``.
    score_column, same_column, scores, a_column, b_column, cluster_column, class_column, trials
        Of a source of pairs, a file or a table: its columns, whether scores are ``similarity`` or
        ``distance``, and a file of labelled pairs of ids; see docs/pairs.md. Any of them says that
        the rows of a table are pairs.
    no_offset
        Whether a column ``offset`` is ignored, which otherwise is subtracted from similarities.
    query
        SQL that says what to read of a database such as ``duckdb://file``.
    threads
        At least 1; by default one per processor.
    memory_limit
        Bytes, or text such as ``1.5GB``; by default a quarter of the memory. Larger sets are kept
        in temporary files.
    executor
        Where pairs are counted, by default on threads of this process: anything with the
        ``submit`` of `concurrent.futures`, such as a Dask ``Client``, a ``ProcessPoolExecutor`` or
        an ``MPIPoolExecutor``. It is not shut down. See docs/scale.md.
    workers_read
        Whether the workers of the executor read files and addresses themselves, by the same path
        or address; by default items are sent to them.
    on_progress
        Called with a stage, what is done and the total while pairs are counted.
    """

    columns: Mapping[str, object]
    embedding_column: str | None
    label_column: str | None
    id_column: str | None
    embedding_columns: str | None
    where: str | Sequence[str]
    exclude: str | Sequence[str]
    score_column: str | None
    same_column: str | None
    scores: str | None
    a_column: str | None
    b_column: str | None
    cluster_column: str | None
    class_column: str | None
    trials: PathLike | None
    no_offset: bool
    query: str | None
    threads: int | None
    memory_limit: int | str | None
    executor: Executor | None
    workers_read: bool
    on_progress: Progress | None


def path_of(file: PathLike | None) -> Path | None:
    """A path, or none from none."""
    return None if file is None else Path(file)


def pairs_of(options: ReadingOptions) -> PairSelection:
    """What was asked for of a source of pairs."""
    return PairSelection(
        options.get("score_column"),
        options.get("same_column"),
        score_kind(options.get("scores")),
        options.get("a_column"),
        options.get("b_column"),
        options.get("cluster_column"),
        options.get("class_column"),
        path_of(options.get("trials")),
    )


def selection_of(options: ReadingOptions, side: str) -> Selection:
    """Columns and rows that were asked for."""
    return Selection(
        options.get("embedding_column"),
        options.get("label_column"),
        options.get("id_column"),
        conditions(options.get("where", ())),
        side=side,
        exclude=conditions(options.get("exclude", ())),
        embedding_columns=options.get("embedding_columns"),
        no_offset=bool(options.get("no_offset")),
        query=None if side else options.get("query"),
    )


def conditions(given: str | Sequence[str]) -> tuple[str, ...]:
    """A tuple of conditions from one condition or several."""
    return (given,) if isinstance(given, str) else tuple(given)
