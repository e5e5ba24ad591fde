"""Damaged tables are refused: no crash, and no row is lost or made up without a word."""

import gzip
import io
import os
import re
import subprocess
import sys
import warnings

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from conftest import ROOT
from flipped_tables import ROWS_OF_BATCH, N, contents, small_table
from stored_items import EMBEDDINGS, lists, table, write

from opiscli import EmbeddingError, SourceError, UsageError, read_embeddings
from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.sources import Selection, map_embeddings
from opiscli.sources.parquet import ParquetFile
from opiscli.sources.standard_input import read_standard_input

ALL = Selection(with_pairs=False)


def test_flipped_bytes_never_end_the_process():
    script = ROOT / "tests" / "flipped_tables.py"
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", str(script), "3", "200"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    outcomes = re.findall(r"(\S+ \S+) × \d+", ran.stdout)
    assert set(outcomes) <= {f"{N} rows", "exit 2", "exit 3", "exit 4"}
    assert {f"{N} rows", "exit 3"} <= set(outcomes)


def with_footer_of_two(whole):
    """An Arrow file of three batches whose footer lists two."""
    three, two = (n.to_bytes(4, "little") for n in (3, 2))
    at = whole.rindex(b"ARROW1") - 4
    while (at := whole.rindex(three, 0, at)) > 0:
        changed = whole[:at] + two + whole[at + 4 :]
        try:
            if pa.ipc.open_file(changed).num_record_batches == 2:
                return changed
        except pa.ArrowException:
            pass
    raise AssertionError


def test_an_arrow_file_whose_footer_leaves_out_a_batch_is_damaged():
    assert N == 3 * ROWS_OF_BATCH
    with pytest.raises(SourceError, match=r"damaged \(it holds 16 of the 24 rows it should"):
        read_embeddings("-", ALL, contents=with_footer_of_two(contents("arrow")))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda whole: whole[:-8], "end mark is missing"),
        (lambda whole: whole + whole, "bytes follow the end of the stream"),
        (lambda whole: whole + b"\0", "1 bytes follow the end of the stream"),
    ],
)
def test_a_stream_ends_with_its_end_mark(change, says):
    with pytest.raises(SourceError, match=says):
        read_embeddings("-", ALL, contents=change(contents("stream")))


@pytest.mark.parametrize("index", [-1, 6])
@pytest.mark.parametrize("kind", ["arrow", "stream"])
def test_indices_outside_of_the_dictionary_are_damage(kind, index):
    codes = pa.array(np.arange(N) // 4, pa.int32())
    whole = contents(kind)
    first = whole.index(codes.to_numpy()[:ROWS_OF_BATCH].tobytes())
    changed = whole[:first] + index.to_bytes(4, "little", signed=True) + whole[first + 4 :]
    with pytest.raises(SourceError, match=r"damaged \(impossible .* in column 'label'"):
        read_embeddings("-", ALL, contents=changed)


def test_a_damaged_file_of_feather_1_does_not_end_the_process():
    whole, columns = io.BytesIO(), {f"dim_{at}": EMBEDDINGS[:, at] for at in range(2)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        feather.write_feather(table(**columns).drop_columns("embedding"), whole, version=1)
    asked = Selection(embedding_columns="dim_*")
    good = whole.getvalue()
    assert read_embeddings("-", asked, contents=good).n_items == len(EMBEDDINGS)
    with pytest.raises(SourceError, match="damaged"):
        read_embeddings("-", asked, contents=good[:-40] + b"\xff" * 28 + good[-12:])


def test_a_parquet_file_cannot_promise_rows_that_do_not_arrive(tmp_path):
    whole = contents("parquet")
    rows = bytes([0x16, 2 * N])  # a number of 64 bits, as Thrift writes it
    at = whole.index(rows, len(whole) - 8 - int.from_bytes(whole[-8:-4], "little"))
    changed = whole[:at] + bytes([0x16, 2 * N + 2]) + whole[at + 2 :]
    with pytest.raises(SourceError, match=r"damaged \(25 rows, but 24 in its row groups\)"):
        read_embeddings(str(write(tmp_path / "e.parquet", changed)), ALL)


def test_names_that_are_not_text_are_refused():
    changed = contents("stream").replace(b"embedding", b"embed\xffing")
    with pytest.raises(SourceError, match="cannot be read: its contents are not valid"):
        read_embeddings("-", ALL, contents=changed)


WIDE = pa.table({"embedding": lists(np.ones((40, 50_000), np.float32)), "label": ["a", "b"] * 20})


def packed(kind):
    sink = io.BytesIO()
    if kind == "parquet":
        plain = WIDE.set_column(0, "embedding", WIDE["embedding"].cast(pa.list_(pa.float32())))
        pq.write_table(plain, sink, compression="zstd")
    elif kind == "fixed size":
        pq.write_table(WIDE, sink, compression="zstd")
    else:
        feather.write_feather(WIDE, sink, compression="zstd")
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "fixed size", "feather"])
def test_what_is_small_only_when_packed_is_compared_with_the_memory_limit(kind):
    contents = packed(kind)
    assert len(contents) < 100_000
    enough = Selection(memory_limit=50_000_000)
    assert read_embeddings("-", enough, contents=contents).dims == 50_000
    with pytest.raises(UsageError, match=r"memory_limit is 4 MB, but .* needs [89] MB"):
        read_embeddings("-", Selection(memory_limit=4_000_000), contents=contents)


def with_one_long_list():
    """Forty rows in a few kB, of which one is nearly everything."""
    lists_ = [[1.0] * (2_000_000 if row == 20 else 4) for row in range(40)]
    sink = io.BytesIO()
    columns = {"embedding": pa.array(lists_, pa.list_(pa.float32())), "label": ["a", "b"] * 20}
    pq.write_table(pa.table(columns), sink, compression="zstd")
    return sink.getvalue()


def test_one_long_list_is_compared_with_the_memory_limit_where_rows_are_mapped():
    table = ParquetFile(with_one_long_list(), "e.parquet", 5_000_000)
    with pytest.raises(UsageError, match=r"memory_limit is 5 MB, but e.parquet needs 8 MB"):
        next(table.batches(["embedding"]))


@pytest.mark.parametrize("is_dictionary", [True, False])
def test_a_long_text_that_is_repeated_is_not_written_out(tmp_path, is_dictionary):
    for length, is_refused in ((1_000_000, True), (10_000, False)):
        n_items = 600
        texts = pa.array(["a" * length, "b"])
        column = pa.DictionaryArray.from_arrays(np.arange(n_items, dtype="i4") % 2, texts)
        embedding = lists(np.random.default_rng(0).normal(size=(n_items, 4)).astype("f4"))
        sink = io.BytesIO()
        stored = pa.table({"embedding": embedding, "label": column})
        pq.write_table(stored, sink, compression="zstd", store_schema=is_dictionary)
        if is_refused:
            with pytest.raises(EmbeddingError, match="repeats long texts: 300 MB in 600 rows"):
                read_embeddings("-", ALL, contents=sink.getvalue())
        else:
            names = read_embeddings("-", ALL, contents=sink.getvalue()).names
            assert names == tuple(texts.to_pylist())


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_columns_of_long_texts_keep_their_type(tmp_path, kind):
    texts = [None, "", *(f"{row} {'x' * 3000}" for row in range(98))]
    whole = table(slice(0, 20)).append_column("text", pa.array(texts[:20], kind))
    copy = tmp_path / "copy.parquet"
    map_embeddings(str(write(tmp_path / "e.parquet", whole)), ALL, ChangedRows, copy, force=False)
    assert pq.read_table(copy)["text"].equals(whole["text"])


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_rows_of_packed_text_are_compared_with_the_memory_limit_as_they_arrive(ending):
    row = 'a,"1,2"\n' if ending == "csv" else '{"label": "a", "embedding": [1.5, 2]}\n'
    text = ("label,embedding\n" if ending == "csv" else "") + row * 20_000
    packed = gzip.compress(text.encode())
    with pytest.raises(UsageError, match="memory_limit is 100 kB"):
        read_embeddings("-", Selection(memory_limit=100_000), contents=packed)


@pytest.mark.parametrize("start", ["label,", 'label,x\na,"', '{"label": "', "label,x\n"])
def test_a_line_that_does_not_end_is_not_read_to_its_end(start):
    packed = gzip.compress(start.encode() + b" " * (40 << 20), 1)
    with pytest.raises(SourceError, match="line of more than 16 MB"):
        read_embeddings("-", ALL, contents=packed)


@pytest.mark.parametrize("opening", ["[", '{"a": '])
def test_nested_json_is_refused_before_it_is_parsed(opening):
    deep = '{"label": "[[", "embedding": ' + opening * 100_000 + "\n"
    first = '{"label": "' + "[" * 200 + '", "embedding": [1.5, 2]}\n'
    with pytest.raises(SourceError, match=r"line 2 of standard input nests .* than 100 deep"):
        read_embeddings("-", ALL, contents=(first + deep).encode())


def test_standard_input_ends_at_the_memory_limit(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(bytes(3 << 20))))
    with pytest.raises(UsageError, match="standard input needs 3 MB"):
        read_standard_input(1_500_000)


def same(vectors):
    return ChangedRows(vectors)


def text_of(letters):
    ends = np.arange(len(letters) + 1, dtype=np.int32).tobytes()
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(letters)]
    return pa.Array.from_buffers(pa.string(), len(letters), buffers)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (text_of(b"abcde\xff"), "not UTF-8"),
        (pa.DictionaryArray.from_arrays(pa.array(range(6)), text_of(b"abcde\xff")), "not UTF-8"),
        (pa.ListArray.from_arrays(pa.array(range(7), pa.int32()), text_of(b"abcde\xff")), "UTF-8"),
        (pa.array([2**62] * 6, pa.timestamp("s")), "cannot be written as Parquet: Integer over"),
    ],
    ids=["text", "dictionary", "list", "timestamp"],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path, column, says):
    whole = pa.table({"embedding": lists(EMBEDDINGS[:6]), "column": column})
    source, target = tmp_path / "e.arrow", tmp_path / "out.parquet"
    with pa.ipc.new_file(str(source), whole.schema) as writer:
        writer.write_table(whole)
    with pytest.raises(EmbeddingError, match=says):
        map_embeddings(str(source), ALL, same, target, force=False)
    assert list(tmp_path.iterdir()) == [source]


def test_small_table_is_read_as_it_is():
    for kind in ("parquet", "arrow", "stream", "feather"):
        items = read_embeddings("-", ALL, contents=contents(kind))
        expected = np.stack(small_table()["embedding"].to_numpy())
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(items.unit_rows, expected, atol=1e-6)
