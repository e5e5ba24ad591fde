"""JSONL files: one object per line, whose keys are the columns."""

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
from pyarrow import json as arrow_json

from opiscli.errors import SourceError
from opiscli.sources.arrow import slices
from opiscli.sources.explained import explained
from opiscli.sources.plain_types import is_list
from opiscli.sources.stored import AnyFile
from opiscli.sources.text_file import LONGEST_LINE, TextFile, too_long

_BYTES_AT_ONCE = 1 << 23
_MOST_BYTES = (1 << 31) - 1
_DEEPEST = 100
_BRACKETS = re.compile(rb"[][{}]")
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class JsonLinesFile:
    """A file, or its contents."""

    file: AnyFile
    name: str

    n_rows = None

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types of its columns, found by reading all of it once."""
        kinds: dict[str, pa.DataType] = {}
        for first_line, chunk in self._chunks():
            for field in self._parsed(chunk, first_line, None).schema:
                kind = _json_type(field.type)
                both = _either(kinds.get(field.name, kind), kind)
                if both is None:
                    raise self._changed(field.name)
                kinds[field.name] = both
        return pa.schema(list(kinds.items()))

    def size(self, columns: Sequence[str]) -> int:
        """Not known before it is read."""
        return 0

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Read some columns; a key that a line does not have is null there."""
        schema = pa.schema([self.schema.field(name) for name in columns])
        for first_line, chunk in self._chunks():
            table = self._parsed(chunk, first_line, schema).combine_chunks()
            for batch in table.select(list(columns)).to_batches():
                yield from slices(batch)

    def _chunks(self) -> Iterator[tuple[int, bytes]]:
        """Some whole lines at a time, with the number of the first, from 1."""
        first = 1
        with explained(self.name):
            file = TextFile(self.file).open_bytes()
        with file:
            while True:
                with explained(self.name):
                    chunk = file.read(_BYTES_AT_ONCE)
                    rest = b"" if chunk.endswith(b"\n") else file.readline(LONGEST_LINE)
                if len(rest) == LONGEST_LINE and not rest.endswith(b"\n"):
                    raise too_long(self.name)
                chunk += rest
                if not chunk:
                    return
                self._require_utf8(chunk, first)
                self._require_shallow(chunk, first)
                if chunk.strip():
                    yield first, chunk.removeprefix(b"\xef\xbb\xbf") if first == 1 else chunk
                first += chunk.count(b"\n")

    def _require_utf8(self, chunk: bytes, first_line: int) -> None:
        try:
            chunk.decode()
        except UnicodeDecodeError as wrong:
            line = first_line + chunk.count(b"\n", 0, wrong.start)
            raise SourceError(
                f"line {line:,} of {self.name} is not UTF-8 text",
                hint=f"Convert it: iconv -f WINDOWS-1252 -t UTF-8 {self.name} > utf8.jsonl",
            ) from wrong

    def _require_shallow(self, chunk: bytes, first_line: int) -> None:
        """Refuse what is nested so deeply that a parser would run out of its stack."""
        for number, line in enumerate(chunk.split(b"\n"), start=first_line):
            if line.count(b"[") + line.count(b"{") > _DEEPEST and _depth(line) > _DEEPEST:
                raise SourceError(
                    f"line {number:,} of {self.name} nests lists or objects more than"
                    f" {_DEEPEST} deep",
                    hint="Write the embedding as one list of numbers.",
                )

    def _parsed(self, chunk: bytes, first_line: int, schema: pa.Schema | None) -> pa.Table:
        how = arrow_json.ParseOptions(
            explicit_schema=schema,
            newlines_in_values=False,
            unexpected_field_behavior="infer" if schema is None else "ignore",
        )
        try:
            return arrow_json.read_json(
                io.BytesIO(chunk),
                read_options=arrow_json.ReadOptions(block_size=min(len(chunk) + 1, _MOST_BYTES)),
                parse_options=how,
            )
        except (pa.ArrowException, ValueError) as cause:
            raise self._why(chunk, first_line) from cause

    def _why(self, chunk: bytes, first_line: int) -> SourceError:
        """Find the first bad line, which pyarrow does not report reliably."""
        for number, line in enumerate(chunk.split(b"\n"), start=first_line):
            try:
                value = json.loads(line) if line.strip() else {}
            except (ValueError, RecursionError):
                hint = "Write one object per line: jq -c . FILE; the last line may be cut off."
                return SourceError(f"line {number:,} of {self.name} is not JSON", hint=hint)
            if not isinstance(value, dict):
                return SourceError(
                    f"line {number:,} of {self.name} is not an object, expected"
                    ' {"embedding": […], "label": …}',
                    hint="In pandas: frame.to_json(path, orient='records', lines=True).",
                )
        return self._changed(None)

    def _changed(self, asked: str | None) -> SourceError:
        """Name the column, and the two lines in which its values are of different kinds."""
        seen: dict[str, tuple[int, str]] = {}
        for first_line, chunk in self._chunks():
            for number, line in enumerate(chunk.split(b"\n"), start=first_line):
                row: Mapping[str, object] = json.loads(line) if line.strip() else {}
                for name, value in row.items():
                    if value is None or asked not in (None, name):
                        continue
                    line_before, before = seen.setdefault(name, (number, _kind_of(value)))
                    if before != (now := _kind_of(value)):
                        return SourceError(
                            f"column {name!r} of {self.name} holds {before} in line {line_before:,}"
                            f" but {now} in line {number:,}",
                            hint="Write all values of a column in one way.",
                        )
        return SourceError(
            f"{self.name} has values that cannot be put into one column",
            hint="Write the same keys with values of the same kind in all lines.",
        )


def _depth(line: bytes) -> int:
    """How deeply lists and objects are nested, brackets in texts left aside."""
    depth = deepest = 0
    for bracket in _BRACKETS.findall(_TEXT.sub(b"", line)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _kind_of(value: object) -> str:
    if isinstance(value, list):
        inner = {_kind_of(one) for one in value if one is not None}
        return f"a list of {inner.pop()}" if len(inner) == 1 else "a list"
    if isinstance(value, bool):
        return "true or false"
    return {str: "text", int: "a number", float: "a number", dict: "an object"}[type(value)]


def _json_type(kind: pa.DataType) -> pa.DataType:
    """The plain type of a JSON value: text that looks like a date is text."""
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(_json_type(kind.value_type))
    return kind


def _either(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The common type of two: integers and decimals are both numbers."""
    if one == other or pa.types.is_null(other):
        return one
    if pa.types.is_null(one):
        return other
    if is_list(one) and is_list(other):
        values = _either(one.value_type, other.value_type)
        return None if values is None else pa.list_(values)
    numbers = {pa.int64(), pa.float64()}
    if {one, other} == numbers:
        return pa.float64()
    if pa.types.is_struct(one) and pa.types.is_struct(other):
        return _struct(one, other)
    return None


def _struct(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    kinds = {field.name: field.type for field in one}
    for field in other:
        both = _either(kinds.get(field.name, field.type), field.type)
        if both is None:
            return None
        kinds[field.name] = both
    return pa.struct(list(kinds.items()))
