"""Several tables as one: the files of a folder or glob, with the keys of their folders."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import pyarrow as pa

from opiscli.errors import SourceError
from opiscli.sources.common_type import common_type
from opiscli.sources.conditions import Conditions
from opiscli.sources.plain_types import is_list, plain, plain_type
from opiscli.sources.table import Table, require_once, smallest_column

_FILE = b"opis.file"


@dataclass(frozen=True)
class Part:
    """One of several tables, and the constant columns of its rows (partition keys, file)."""

    table: Table
    keys: Mapping[str, str | None] = field(default_factory=dict)
    place: str = ""

    def __post_init__(self) -> None:
        for key in self.keys:
            if key in self.table.schema.names:
                raise SourceError(
                    f"{self.table.name} has a column {key!r}, and its folder says {self.place},"
                    " too; which of the two is meant is not clear",
                    hint=f"Rename the folder so that it does not begin with {key}=, or name one"
                    " file: a single file is read without its folder.",
                )


@dataclass(frozen=True)
class Joined:
    """Tables one after the other; columns that only some have are null in the others."""

    parts: tuple[Part, ...]
    name: str

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of all columns; of those that `require` refuses, the first type."""
        fields: dict[str, pa.DataType] = {}
        keys: dict[str, pa.DataType] = {}
        for part in self.parts:
            for one in part.table.schema:
                earlier = fields.get(one.name, one.type)
                fields[one.name] = common_type(earlier, one.type) or earlier
            keys |= dict.fromkeys(part.keys, pa.large_string())
        return pa.schema([*fields.items(), *(one for one in keys.items() if one[0] not in fields)])

    @property
    def n_rows(self) -> int | None:
        """Number of rows, if each part knows its own."""
        counts = [part.table.n_rows for part in self.parts]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def size(self, columns: Sequence[str]) -> int:
        """Bytes that reading some columns of all parts takes, as far as that is known before."""
        return sum(
            part.table.size([name for name in columns if name in part.table.schema.names])
            for part in self.parts
        )

    def require(self, columns: Sequence[str], *, everywhere: bool = True) -> None:
        """Raise `SourceError`, naming both files, if a column means different things in two.

        Parameters
        ----------
        everywhere
            Whether each file must have the column.
        """
        for name in columns:
            first: Part | None = None
            for part in self.parts:
                require_once(part.table, [name])
                has = name in part.table.schema.names
                if not has and everywhere and not any(name in one.keys for one in self.parts):
                    raise self._missing(name, part)
                if has:
                    first = first or part
                    _require_common(name, first, part, self.schema.field(name).type)
            if first is not None and (
                keyed := next((p for p in self.parts if name in p.keys), None)
            ):
                raise SourceError(
                    f"{name!r} is a column of {first.table.name} but a folder name of"
                    f" {keyed.table.name} ({keyed.place}); which of the two is meant is not clear",
                    hint="Rename the folder, or read the files one at a time.",
                )

    def _missing(self, name: str, part: Part) -> SourceError:
        there = (p.table.name for p in self.parts if name in (*p.table.schema.names, *p.keys))
        return SourceError(
            f"{part.table.name} has no column {name!r}, but {next(there, self.name)} has",
            hint="Name only files that have the column.",
        )

    def narrowed(self, conditions: Conditions) -> "Joined":
        """Keep only the parts whose keys meet the conditions."""
        parts = tuple(part for part in self.parts if conditions.allow(part.keys))
        return replace(self, parts=parts) if parts else self

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns of all parts; each batch knows of which file it is."""
        for part in self.parts:
            there = [name for name in columns if name in part.table.schema.names]
            kinds = {name: self.schema.field(name).type for name in columns}
            for batch in part.table.batches(there or [smallest_column(part.table.schema)]):
                arrays = [_column(part, batch, name, kind) for name, kind in kinds.items()]
                yield pa.RecordBatch.from_arrays(
                    arrays,
                    schema=pa.schema(
                        [(name, array.type) for name, array in zip(columns, arrays, strict=True)],
                        metadata={_FILE: part.table.name},
                    ),
                )


def file_of(batch: pa.RecordBatch) -> str | None:
    """Name of the file that a batch of joined tables is of."""
    name = (batch.schema.metadata or {}).get(_FILE)
    return None if name is None else name.decode()


def _column(part: Part, batch: pa.RecordBatch, name: str, kind: pa.DataType) -> pa.Array:
    if name in part.keys:
        value = pa.scalar(part.keys[name], pa.large_string())
        return pa.repeat(value, batch.num_rows)
    if name not in batch.schema.names:
        return pa.nulls(batch.num_rows, kind)
    column = batch.column(name)
    if column.type == kind:
        return column
    column = plain(column, name, part.table.name)
    return column if column.type == kind else column.cast(kind)


def _require_common(name: str, first: Part, part: Part, united: pa.DataType) -> None:
    mine, its = part.table.schema.field(name).type, first.table.schema.field(name).type
    common = common_type(united, mine)
    if common is not None and plain_type(common) == plain_type(united):
        return
    if is_list(plain_type(mine)) and is_list(plain_type(its)) and _sizes_differ(mine, its):
        raise SourceError(
            f"embeddings of {first.table.name} have {plain_type(its).list_size} dims, but those of"
            f" {part.table.name} have {plain_type(mine).list_size}",
            hint="All embeddings must come from one model; name only its files.",
        )
    raise SourceError(
        f"column {name!r} holds {its} in {first.table.name}, but {mine} in {part.table.name}",
        hint="Write the files again with one type for the column.",
    )


def _sizes_differ(one: pa.DataType, other: pa.DataType) -> bool:
    sizes = {getattr(plain_type(kind), "list_size", None) for kind in (one, other)}
    return len(sizes) == 2 and None not in sizes
