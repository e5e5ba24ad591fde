"""Vectors as pgvector sends them, written here byte by byte with `struct`."""

import struct

import pyarrow as pa
import pytest

from opiscli.errors import SourceError
from opiscli.sources.pgvector import decoded


def sent(values, code):
    return (
        None if values is None else struct.pack(f">HH{len(values)}{code}", len(values), 0, *values)
    )


def batch_of(kind, values, key="POSTGRESQL:type"):
    field = pa.field("v", pa.binary(), metadata={key: kind})
    return pa.RecordBatch.from_arrays([pa.array(values, pa.binary())], schema=pa.schema([field]))


ROWS = [[1.5, -2.0, 0.25], None, [], [65504.0], [3.0, 4.0]]


@pytest.mark.parametrize(("kind", "code"), [("vector", "f"), ("halfvec", "e")])
@pytest.mark.parametrize("key", ["POSTGRESQL:type", "ADBC:postgresql:typname"])
def test_vectors_are_decoded_exactly(kind, code, key):
    batch = batch_of(kind, [sent(row, code) for row in ROWS], key)
    for start in range(len(ROWS)):
        column = decoded(batch.slice(start), "db")["v"]
        column.validate(full=True)
        assert column.to_pylist() == ROWS[start:]
    expected = {"f": pa.float32(), "e": pa.float16()}[code]
    assert decoded(batch.slice(0, 0), "db")["v"].type.value_type == expected


@pytest.mark.parametrize("value", [b"\x00", sent([1.0], "f")[:-1], sent([1.0], "f") + b"\0" * 4])
def test_other_bytes_are_no_vectors(value):
    with pytest.raises(SourceError, match="column 'v' holds a vector"):
        decoded(batch_of("vector", [sent([1.0], "f"), value]), "db")


def test_other_types_keep_their_values():
    batch = batch_of("bytea", [b"ab", None])
    assert decoded(batch, "db")["v"].equals(batch["v"])
