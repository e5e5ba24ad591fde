"""What the fields of a text without a header are, as far as their values leave no doubt."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from opiscli.errors import SourceError
from opiscli.sources.blank_separated import without_header
from opiscli.sources.headerless import is_number
from opiscli.sources.pair_selection import PairSelection
from opiscli.sources.pairs.same_values import are_flags, folded
from opiscli.sources.table import Table

_ROWS_OF_SAMPLE = 1000
_MOST_SPELLINGS = 3  # of values that are kept: with more, a field is no label

_BOB = "the format of bob"
_BOB_4 = ("claimed_id", "real_id", "probe_label", "score")
_BOB_5 = ("claimed_id", "model_label", "real_id", "test_label", "score")


@dataclass(frozen=True, slots=True)
class Layout:
    """Names of the fields of each line.

    Parameters
    ----------
    names
        One per field: ``same``, ``score``, ``a`` and ``b``, or the names that bob gives them.
    """

    names: tuple[str, ...]

    @property
    def is_bob(self) -> bool:
        """Whether the scores are similarities, as bob defines them, of two identities."""
        return self.names in (_BOB_4, _BOB_5)

    def __str__(self) -> str:
        order = " ".join(self.names)
        return f"{order} ({_BOB})" if self.is_bob else order


_LAYOUTS = {
    2: [Layout(("same", "score")), Layout(("score", "same"))],
    3: [Layout(("same", "a", "b")), Layout(("a", "b", "same"))],
    4: [
        Layout(("same", "a", "b", "score")),
        Layout(("a", "b", "score", "same")),
        Layout(("a", "b", "same", "score")),
        Layout(_BOB_4),
    ],
    5: [Layout(_BOB_5)],
}


@dataclass(frozen=True)
class NamedTable:
    """A table under other names of its columns."""

    table: Table
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the table in messages."""
        return self.table.name

    @property
    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        types = zip(self.names, self.table.schema.types, strict=True)
        return pa.schema([(name, kind) for name, kind in types])

    @property
    def n_rows(self) -> int | None:
        """Number of rows, where that is known without reading them."""
        return self.table.n_rows

    def size(self, columns: Sequence[str]) -> int:
        """Bytes that reading some columns takes, as far as that is known before."""
        return self.table.size(self._originals(columns))

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns."""
        for batch in self.table.batches(self._originals(columns)):
            schema = pa.schema(
                [(name, kind) for name, kind in zip(columns, batch.schema.types, strict=True)],
                metadata=batch.schema.metadata,
            )
            yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

    def _originals(self, columns: Sequence[str]) -> list[str]:
        return [self.table.schema.names[self.names.index(name)] for name in columns]


def with_names(table: Table, asked: PairSelection) -> tuple[Table, Layout | None]:
    """Name the columns of a table that has no header, unless options name them by their place.

    Raises
    ------
    SourceError
        As `layout_of`.
    """
    names = table.schema.names
    if not without_header(names) or set(names) & set(asked.given.values()):
        return table, None
    layout = layout_of(table)
    return NamedTable(table, layout.names), layout


def layout_of(table: Table) -> Layout:
    """Find out what the fields of a table without a header are.

    Raises
    ------
    SourceError
        If the values of the first lines, or else of all, fit nothing that is known, or two things.
    """
    first = next(iter(table.batches(table.schema.names)), None)
    if first is None or first.num_rows == 0:
        raise SourceError(f"{table.name} holds no lines", hint="Write it again.")
    columns = [c.to_pylist() for c in first.slice(0, _ROWS_OF_SAMPLE).columns]
    values = _Values([are_flags(c) for c in columns], [are_numbers(c) for c in columns])
    fitting = values.fitting()
    if len(fitting) > 1:
        flags = [_holds_two_flags(table, name) for name in table.schema.names]
        fitting = _Values(flags, values.are_numbers, _has_equal_fields(table)).fitting()
    if len(fitting) != 1:
        raise _unknown(table.name, columns, fitting)
    return fitting[0]


@dataclass(frozen=True, slots=True)
class _Values:
    """What is known of the values of each field.

    Parameters
    ----------
    are_flags
        Whether they say that classes are the same or different.
    are_numbers
        Whether they are numbers.
    have_equal
        Whether the first two fields of a line are equal somewhere.
    """

    are_flags: list[bool]
    are_numbers: list[bool]
    have_equal: bool = True

    def fitting(self) -> list[Layout]:
        """Layouts that the values fit."""
        found = [one for one in _LAYOUTS.get(len(self.are_flags), []) if self._fits(one)]
        return [one for one in found if "score" in one.names] or found

    def _fits(self, layout: Layout) -> bool:
        for name, is_flag, is_score in zip(
            layout.names, self.are_flags, self.are_numbers, strict=True
        ):
            if (name == "same" and not is_flag) or (name == "score" and not is_score):
                return False
            if layout.is_bob and name in ("probe_label", "score") and is_flag:
                return False
        return self.have_equal or layout.names != _BOB_4


def are_numbers(values: Sequence[str]) -> bool:
    """Whether most values are numbers: one that is none is an error in a column of scores."""
    return 2 * sum(map(is_number, values)) > len(values)


def _holds_two_flags(table: Table, name: str) -> bool:
    """Whether all values of a column say that classes are the same or different, and both do."""
    found: set[str] = set()
    for batch in table.batches([name]):
        distinct = batch.column(0).unique()
        found |= {folded(value) for value in islice(distinct.to_pylist(), _MOST_SPELLINGS)}
        if len(found) > 2:
            return False
    return len(found) == 2 and are_flags(found)


def _has_equal_fields(table: Table) -> bool:
    """Whether the first two fields are equal in a line, as both identities are in files of bob."""
    batches = table.batches(table.schema.names[:2])
    return any(pc.any(pc.equal(one.column(0), one.column(1))).as_py() for one in batches)


def _unknown(source: str, columns: list[list[str]], fitting: list[Layout]) -> SourceError:
    line = " ".join(column[0] for column in columns)
    line = line if len(line) <= 80 else f"{line[:80]}…"
    if fitting:
        could = " or ".join(f"'{layout}'" for layout in fitting)
        return SourceError(
            f"the lines of {source} could be {could}; the first one is {line!r}",
            hint="Write a first line with the names of the fields, such as:"
            f" {' '.join(fitting[0].names)}.",
        )
    found = (
        "numbers" if are_numbers(column) else "labels" if are_flags(column) else "texts"
        for column in columns
    )
    return SourceError(
        f"{source} has no header, and its {len(columns)} fields ({', '.join(found)}) are of no"
        f" known order; the first line is {line!r}",
        hint="Write a first line with the names of the fields, such as: a b same score; without"
        " one, 'label score', 'label id id score' and the formats of bob are recognised.",
    )
