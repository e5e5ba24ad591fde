"""The two values that say whether both items of a pair are of the same class."""

from collections.abc import Iterable

import numpy as np
import pyarrow as pa

from opiscli.arrays import BoolArray
from opiscli.errors import EmbeddingError
from opiscli.sources.pairs.row_errors import Places

_SHOWN = 6

_SAME = (
    "1 true t yes y same target tgt tar genuine gen mated mate match matched matching positive pos"
    " duplicate dup client equal paraphrase"
)
_DIFFERENT = (
    "0 -1 false f no n different diff nontarget non-target non_target nontgt non impostor imposter"
    " imp nonmated non-mated non_mated nonmate non-mate mismatch mismatched nonmatch non-match"
    " non_match nonmatching negative neg distinct unique notduplicate not_duplicate not-duplicate"
    " nonduplicate non-duplicate non_duplicate unequal not_paraphrase"
)
SAME, DIFFERENT = frozenset(_SAME.split()), frozenset(_DIFFERENT.split())
"""What is written for pairs of the same class and of different classes, in small letters."""


def folded(value: object) -> str:
    """One spelling of a value: small letters, and whole numbers without a fraction."""
    text = str(value).strip().lower()
    for fraction in (".0", "."):
        if text.lstrip("+-").removesuffix(fraction).isdigit():
            text = text.removesuffix(fraction)
    return text.removeprefix("+")


def are_flags(values: Iterable[object]) -> bool:
    """Whether all values say that classes are the same or different, in one way each."""
    distinct = {folded(value) for value in values}
    return (
        0 < len(distinct) <= 2
        and distinct <= SAME | DIFFERENT
        and len(distinct & SAME) <= 1
        and len(distinct & DIFFERENT) <= 1
    )


class SameValues:
    """Reads a column of such values, a block of rows at a time."""

    def __init__(self, name: str, places: Places) -> None:
        self._name = name
        self._places = places
        self._found: dict[str, str] = {}  # as written, by their one spelling

    def of(self, column: pa.ChunkedArray, start: int) -> BoolArray:
        """Which pairs of a block are of the same class.

        Raises
        ------
        EmbeddingError
            If a value is missing, or there are other values than two that say this.
        """
        self._places.require_all(column, "value that says whether classes are the same",
                                 self._name, start)  # fmt: skip
        if pa.types.is_boolean(column.type):
            self._found |= {folded(value.as_py()): str(value) for value in column.unique()}
            return np.asarray(column.to_numpy())
        encoded = column.dictionary_encode()
        chunks = []
        for chunk in encoded.chunks:
            values = chunk.dictionary.slice(0, _SHOWN + 1).to_pylist()
            self._found |= {folded(value): str(value) for value in reversed(values)}
            if not are_flags(self._found):
                raise self._other_values()
            is_same = np.array([folded(value) in SAME for value in values])
            chunks.append(is_same[chunk.indices.to_numpy()])
        return np.concatenate(chunks)

    def written(self, *, same: bool) -> str:
        """How one of the two is written."""
        words = SAME if same else DIFFERENT
        return next(value for spelling, value in self._found.items() if spelling in words)

    def _other_values(self) -> EmbeddingError:
        found = sorted(self._found.values())
        shown = ", ".join(repr(value) for value in found[:_SHOWN])
        more = ", …" if len(found) > _SHOWN else ""
        return EmbeddingError(
            f"column {self._name!r} of {self._places.source} holds {shown}{more}; expected two"
            " values that say whether both items are of the same class, such as 1 and 0",
            hint="Write 1 for the same class and 0 for different classes, or name another column"
            " with --same-column.",
        )
