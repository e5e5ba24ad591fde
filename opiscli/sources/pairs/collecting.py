"""Collects distances, labels and identities of pairs, a block of rows at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from opiscli.arrays import BoolArray, FloatArray, Int32Array
from opiscli.embeddings.pair_scores import ScoreKind
from opiscli.errors import EmbeddingError
from opiscli.sources.pairs.coded import Coder
from opiscli.sources.pairs.growing import Growing
from opiscli.sources.pairs.roles import Roles
from opiscli.sources.pairs.row_errors import Places, first_true
from opiscli.sources.pairs.same_values import SameValues
from opiscli.sources.plain_types import as_label_values
from opiscli.sources.table import read_ahead

_ROWS_AT_ONCE = 1 << 19


def in_blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """Put small batches together without copying them, the next ones while some are worked on."""
    return read_ahead(_blocks(batches))


def _blocks(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    held: list[pa.RecordBatch] = []
    n_rows = 0
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            n_rows += batch.num_rows
        if n_rows >= _ROWS_AT_ONCE:
            yield pa.Table.from_batches(held)
            held, n_rows = [], 0
    if held:
        yield pa.Table.from_batches(held)


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows: the columns that are not measured, and the distance of each pair."""

    rows: pa.Table
    distances: FloatArray


@dataclass(slots=True)
class Agreement:
    """How labels of pairs and equality of the values of both sides go together.

    Parameters
    ----------
    n_same_equal, n_same_unequal
        Same-class pairs whose sides are equal, and whose sides differ.
    contradiction
        First row in which a pair is of the same class and its sides differ, or the other way round.
    different_equal
        First row of a pair of different classes whose sides are equal.
    """

    n_same_equal: int = 0
    n_same_unequal: int = 0
    contradiction: int | None = None
    different_equal: int | None = None

    def add(self, same: BoolArray, equal: BoolArray, start: int) -> None:
        """Look at a block that begins at a row."""
        self.n_same_equal += int(np.count_nonzero(same & equal))
        self.n_same_unequal += int(np.count_nonzero(same & ~equal))
        if self.contradiction is None and (against := same != equal).any():
            self.contradiction = start + first_true(against)
        if self.different_equal is None and (against := equal & ~same).any():
            self.different_equal = start + first_true(against)


@dataclass
class Collected:
    """What was read of pairs so far."""

    roles: Roles
    places: Places
    kind: ScoreKind
    memory_limit: int
    same_values: SameValues | None = None
    agreement: Agreement = field(default_factory=Agreement)
    n_positive: int = 0

    def __post_init__(self) -> None:
        limit = self.memory_limit
        if self.roles.same is not None:
            self.same_values = SameValues(self.roles.same, self.places)
        self.distances = Growing(np.float64, limit)
        self.is_positive = Growing(np.bool_, limit)
        both = Coder()  # the values of both sides are numbered alike
        self.codes = {role: Growing(np.int32, limit) for role in self.roles.coded}
        self.coders = {role: both if role in ("a", "b") else Coder() for role in self.codes}

    def require_both_kinds(self) -> None:
        """Raise `EmbeddingError` unless there are pairs of the same and of different classes."""
        if not self.distances.n_values:
            raise EmbeddingError(
                f"{self.places.source} holds no pairs, expected at least two",
                hint="Check that the source was written completely.",
            )
        if self.n_positive in (0, self.distances.n_values):
            raise self._one_kind()

    def add(self, block: Block) -> None:
        """Read a block of rows."""
        start, rows = self.distances.n_values, self._comparable(block.rows)
        codes = self._codes(rows, start)
        equal = None if self.roles.sides is None else codes["a"] == codes["b"]
        if self.same_values is not None and self.roles.same is not None:
            same = self.same_values.of(rows.column(self.roles.same), start)
        else:
            assert equal is not None
            same = equal
        if equal is not None:
            self.agreement.add(same, equal, start)
        self.n_positive += int(np.count_nonzero(same))
        self.distances.append(block.distances)
        self.is_positive.append(same)
        for role, values in codes.items():
            self.codes[role].append(values)

    def _comparable(self, rows: pa.Table) -> pa.Table:
        """Rows in which both sides are of one type: where only one holds numbers, texts."""
        sides = self.roles.sides or ()
        if len({rows.column(name).type for name in sides}) < 2:
            return rows
        for name in sides:
            texts = as_label_values(rows.column(name)).cast(pa.large_string())
            rows = rows.set_column(rows.schema.get_field_index(name), name, texts)
        return rows

    def _codes(self, rows: pa.Table, start: int) -> dict[str, Int32Array]:
        columns = {role: rows.column(name) for role, name in self.roles.coded.items()}
        for role, column in columns.items():
            self.places.require_all(column, "value", self.roles.coded[role], start)
        sides = [role for role in columns if role in ("a", "b")]
        found = {role: self.coders[role].codes(columns[role]) for role in columns.keys() - sides}
        if sides:  # both at once: half as many look-ups
            both = pa.chunked_array([one for role in sides for one in columns[role].chunks])
            found |= zip(sides, np.split(self.coders["a"].codes(both), 2), strict=True)
        return found

    def _one_kind(self) -> EmbeddingError:
        same = self.n_positive > 0
        which = "the same class" if same else "different classes"
        other = "different-class pairs" if same else "same-class pairs"
        columns = " and ".join(repr(name) for name in self.roles.sides or ())
        said = f"{columns} are {'equal' if same else 'different'} in every row"
        if self.same_values is not None:
            said = f"{self.roles.same} is {self.same_values.written(same=same)}"
        return EmbeddingError(
            f"all {self.distances.n_values:,} pairs of {self.places.source} are of {which}"
            f" ({said}); expected {other}, too",
            hint="Without them neither FAR and FRR nor a threshold is defined; check the labels.",
        )
