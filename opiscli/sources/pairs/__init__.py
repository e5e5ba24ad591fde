"""Reads labelled pairs with scores from score tables, text, pair files and trial lists."""

from opiscli.distance import Distance
from opiscli.embeddings.embedding_set import EmbeddingSet
from opiscli.embeddings.pair_scores import PairScores
from opiscli.errors import SourceError
from opiscli.sources import Selection, read_embeddings
from opiscli.sources.pair_selection import PairSelection


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
        if selection.embedding is not None or selection.embedding_columns is not None:
            raise
        raise


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
    raise NotImplementedError
