"""Recognises tables of other libraries, and compares the order of their rows."""

from collections.abc import Mapping
from typing import Any

from opiscli.errors import EmbeddingError, UsageError

_HANDS_OUT = ("__arrow_c_stream__", "iloc", "collect_schema", "to_table")


def is_frame(value: object) -> bool:
    """Whether something has named columns: a frame, an Arrow table, a dataset.

    A frame of pandas or polars, a Table, RecordBatch, RecordBatchReader or Dataset of pyarrow, a
    relation of DuckDB, a Dataset of Hugging Face; no library is imported to tell.

    Raises
    ------
    UsageError
        If it is several tables, one for each split.
    """
    kind = type(value)
    if hasattr(kind, "with_format"):
        if isinstance(value, Mapping):
            raise UsageError(
                f"the data is a {kind.__name__} of {len(value)} splits:"
                f" {', '.join(map(str, value))}",
                hint=f"Give one of them, for example dataset[{next(iter(value), 'test')!r}].",
            )
        return True
    # Asked of the type: a lazy frame would have to find its columns out.
    has_names = any(hasattr(kind, name) for name in ("columns", "column_names", "schema"))
    return has_names and any(hasattr(kind, name) for name in _HANDS_OUT)


def refuse_other_order(embeddings: Any, labels: Any) -> None:  # noqa: ANN401
    """Raise `EmbeddingError` if two pandas objects have the same index in another order.

    Rows are taken as they stand, whatever an index says; where it says that the two were sorted
    differently, each label would silently go to the wrong embedding.
    """
    one: Any = getattr(embeddings, "index", None)
    other: Any = getattr(labels, "index", None)
    if not (hasattr(one, "equals") and hasattr(other, "equals")) or one.equals(other):
        return
    if one.is_unique and other.is_unique and set(one) == set(other):
        raise EmbeddingError(
            "embeddings and labels have the same index in another order, and rows are taken as"
            " they stand",
            hint="Put them in one order: labels.loc[embeddings.index]; if they are, say so:"
            " labels.reset_index(drop=True).",
        )
