"""Reads labelled pairs with scores from score tables, text, pair files and trial lists."""

from pathlib import Path
from typing import TYPE_CHECKING

from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.pair_scores import PairScores
from opiscli.errors import OpisError, SourceError, UsageError
from opiscli.sources import Selection, open_rows, read_embeddings
from opiscli.sources.kinds import TABLES, kind_of_file
from opiscli.sources.pair_selection import PairSelection

if TYPE_CHECKING:
    from opiscli.sources.table import Table


def read_items_or_pairs(
    source: str,
    selection: Selection,
    asked: PairSelection,
    *,
    distance: Distance = Distance.EUCLIDEAN,
    contents: bytes | None = None,
) -> EmbeddingSet | PairScores:
    """Read a source, whatever it holds: embeddings of items, or pairs.

    It is taken for pairs if an option asks for them, or if it has no column of embeddings, but
    pairs with scores or two columns of embeddings.

    Parameters
    ----------
    source
        As `opiscli.sources.read_embeddings`, or blank-separated text without a header.
    selection
        Which rows to take, and which columns of embeddings.
    asked
        Which columns of pairs to take.
    distance
        What is computed where pairs are given as embeddings.
    contents
        What standard input held, if it has already been read.

    Raises
    ------
    SourceError
        If it is missing, unreadable or lacks a column.
    EmbeddingError
        If it was read but cannot be evaluated.
    UsageError
        If an option does not go with it, or whether its scores are similarities or distances is
        not known.
    """
    if asked.given:
        return read_pairs(source, selection, asked, distance=distance, contents=contents)
    try:
        return read_embeddings(source, selection, contents=contents)
    except SourceError:
        if not _holds_pairs(source, selection, contents):
            raise
    return read_pairs(source, selection, asked, distance=distance, contents=contents)


def read_pairs(
    source: object,
    selection: Selection,
    asked: PairSelection,
    *,
    distance: Distance = Distance.EUCLIDEAN,
    contents: bytes | None = None,
) -> PairScores:
    """Read pairs; raises as `read_items_or_pairs`.

    Parameters
    ----------
    source
        The name of a source, or a table in memory.
    """
    if asked.trials is None:
        _refuse_arrays(source)
    table = _opened(source, selection, contents)
    # Imported here: pyarrow and SciPy take long to import, and few sources hold pairs.
    if asked.trials is None:
        from opiscli.sources.pairs.score_tables import read_table

        return read_table(table, selection, asked, distance)
    from opiscli.sources.opening import open_source
    from opiscli.sources.pairs.trials import read_trials

    if str(asked.trials) == "-" == source:
        raise UsageError(
            "SOURCE and --trials cannot both come from standard input",
            hint="Name a file for one of them.",
        )
    listed = open_source(str(asked.trials), Selection(memory_limit=selection.memory_limit))
    return read_trials(table, listed, selection, asked, distance)


def _opened(source: object, selection: Selection, contents: bytes | None) -> "Table":
    if source == "-":
        from opiscli.sources.opening import open_source

        return open_source("-", selection, contents)
    return open_rows(source, selection).table


def _refuse_arrays(source: object) -> None:
    """Raise `UsageError` if rows of a source cannot be pairs, for it has no named columns."""
    path = Path(source) if isinstance(source, str) and source != "-" else None
    if path is not None and path.is_file() and (kind := kind_of_file(path)) not in TABLES:
        raise UsageError(
            f"{path} is an {kind} file, whose rows are not pairs with scores",
            hint="Give scores as a table with columns, or a list of pairs of its items with"
            " --trials.",
        )


def _holds_pairs(source: str, selection: Selection, contents: bytes | None) -> bool:
    """Whether a source without embeddings of items is one of pairs."""
    if selection.embedding is not None or selection.embedding_columns is not None:
        return False
    from opiscli.sources.blank_separated import without_header
    from opiscli.sources.pairs.roles import holds_pairs

    try:
        _refuse_arrays(source)
        schema = _opened(source, selection, contents).schema
    except OpisError:  # already explained better
        return False
    return without_header(schema.names) or holds_pairs(schema)
