"""Scores of a column as float64, all finite."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from opiscli.arrays import FloatArray
from opiscli.embeddings.pair_scores import ScoreKind
from opiscli.errors import EmbeddingError
from opiscli.sources.headerless import is_number
from opiscli.sources.pairs.row_errors import Places, first_true

_HINT = "Drop these pairs, or compute their scores again."


def require_numbers(kind: pa.DataType, name: str, source: str) -> None:
    """Raise `EmbeddingError` unless a column of a plain type can hold scores."""
    usable = (
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_null(kind)
    )
    if not usable:
        raise EmbeddingError(
            f"score column {name!r} of {source} holds {kind}, expected numbers",
            hint="Name the column of scores with --score-column.",
        )


def distances_of(
    column: pa.ChunkedArray, name: str, kind: ScoreKind, places: Places, start: int
) -> FloatArray:
    """Scores as they are if they are distances, and negated if they are similarities.

    Parameters
    ----------
    column
        Plain values of a block of rows, numbers or texts.
    start
        Row of the first of them.

    Raises
    ------
    EmbeddingError
        If one is missing, no number, or not finite; names the first such row.
    """
    places.require_all(column, "score", name, start)
    try:
        numbers = column.cast(pa.float64(), safe=False)
    except pa.ArrowException:
        numbers = pa.chunked_array([_parsed(column, name, places, start)])
    scores = np.asarray(numbers.to_numpy())
    if not (finite := np.isfinite(scores)).all():
        row = first_true(~finite)
        found = f"has the score {scores[row]:g}, expected a finite number"
        raise places.wrong(found, start + row, _HINT)
    # Adding zero turns -0.0 into 0.0, so that equal scores are equal bit by bit.
    return np.asarray((-scores if kind is ScoreKind.SIMILARITY else scores) + 0.0)


def _parsed(column: pa.ChunkedArray, name: str, places: Places, start: int) -> pa.Array:
    """Numbers of texts that are not all plain numbers, such as ``+0.5``."""
    texts = pc.utf8_trim_whitespace(column)
    parsed = []
    for row, text in enumerate(texts.to_pylist(), start):
        if not (is_number(text) or text.lower().lstrip("+-") in ("nan", "inf", "infinity")):
            found = f"is empty in column {name!r}" if not text else f"has the score {text!r}"
            raise places.wrong(f"{found}, expected a number", row, _HINT)
        parsed.append(float(text))
    return pa.array(parsed, pa.float64())
