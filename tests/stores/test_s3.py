"""Files in a store that speaks S3: which are read, and how much of them is sent."""

import gzip
import io

import pyarrow as pa
import pytest
from object_store import as_csv, as_parquet, texts, wide
from stored_items import HALVES, assert_items, table

from opiscli import SourceError, read_embeddings
from opiscli.errors import UsageError
from opiscli.sources import Selection

FIRST, SECOND = HALVES


def as_arrow(stream=False):
    held = io.BytesIO()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(held, table().schema) as writer:
        writer.write_table(table(), max_chunksize=5)
    return held.getvalue()


def as_json_lines():
    rows = texts().to_pylist()
    lines = (f'{{"embedding": {row["embedding"]}, "label": "{row["label"]}"}}' for row in rows)
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    "contents",
    [
        as_parquet(table()),
        as_arrow(),
        as_arrow(stream=True),
        as_csv(),
        gzip.compress(as_csv()),
        as_json_lines(),
    ],
    ids=["parquet", "arrow", "stream", "csv", "gzip", "json"],
)
@pytest.mark.parametrize("key", ["e", "a/b c/é+%20#1?.csv.parquet"])
def test_the_kind_of_a_file_is_told_by_its_first_bytes(bucket, contents, key):
    assert_items(read_embeddings(bucket.put(key, contents)))


@pytest.mark.parametrize(
    "source", ["p", "p/", "p/*", "p/**/*.parquet", "p/*/*.parquet", "[p]/?/?.parquet", ""]
)
def test_folders_and_patterns(bucket, source):
    bucket.put("p/x/a.parquet", table(FIRST))
    bucket.put("p/y/b.parquet", table(SECOND))
    for hidden in ("p/_old/a.parquet", "p/.tmp/a.parquet", "p/x/_c.parquet"):
        bucket.put(hidden, table())
    bucket.put("p/y/_SUCCESS", b"")
    bucket.put("p/y/part.crc", b"crc")
    assert_items(read_embeddings(f"{bucket.url}/{source}"))


def test_keys_of_folders_are_columns(bucket):
    bucket.put("f/split=train/a.parquet", table(FIRST))
    bucket.put("f/split=test/day=1/b.parquet", table(SECOND))
    for source in ("f", "f/**/*.parquet"):
        chosen = Selection(where=("split=test",), with_pairs=False)
        assert_items(read_embeddings(f"{bucket.url}/{source}", chosen), SECOND)


def test_files_without_a_suffix_are_known_by_their_contents(bucket):
    bucket.put("f/part-0", table(FIRST))
    bucket.put("f/part-1", table(SECOND))
    bucket.put("f/README", b"notes")
    assert_items(read_embeddings(f"{bucket.url}/f"))


@pytest.mark.parametrize("kind", ["parquet", "arrow"])
def test_only_the_columns_that_are_needed_are_sent(bucket, kind):
    items = wide()
    if kind == "arrow":
        held = io.BytesIO()
        with pa.ipc.new_file(held, items.schema) as writer:
            writer.write_table(items, max_chunksize=2000)
        contents = held.getvalue()
    else:
        contents = as_parquet(items, row_group_size=2000, use_dictionary=False)
    source = bucket.put("e", contents)
    needed = items.select(["label", "embedding"]).nbytes
    assert len(contents) > 5 * needed
    bucket.counting.log.clear()
    read = read_embeddings(source)
    assert read.n_items == items.num_rows
    sent = bucket.counting.n_bytes("/e")
    assert sent < needed + (1 << 18), "first bytes, footer and the two columns"
    asked = [one.part for one in bucket.counting.log if one.part]
    assert kind == "arrow" or len(asked) == len(set(asked)), "nothing is asked for twice"


def test_a_text_file_is_sent_once(bucket):
    contents = as_csv()
    source = bucket.put("e.csv", contents)
    bucket.counting.log.clear()
    read_embeddings(source)
    assert len(contents) <= bucket.counting.n_bytes("e.csv") <= 2 * len(contents)


def test_a_file_that_changes_meanwhile_is_an_error(bucket):
    from opiscli.sources.file_systems import store_at

    bucket.put("e", as_parquet(table()))
    store, path = store_at("s3", f"{bucket.name}/e")
    opened = store.open(path)
    bucket.put("e", as_parquet(table(FIRST)))
    with pytest.raises(SourceError, match="was changed while it was read"):
        opened.open_arrow()


def test_the_memory_limit_holds(bucket):
    source = bucket.put("e", as_parquet(wide()))
    with pytest.raises(UsageError, match="memory_limit"):
        read_embeddings(source, Selection(memory_limit=50_000))


@pytest.mark.parametrize("contents", [b"", b"PAR1 cut off", as_parquet(table())[:-20]])
def test_damaged_files_are_explained_as_on_a_disk(bucket, contents):
    with pytest.raises(SourceError, match=r"s3://.*/e (is empty|cannot be read|starts with)"):
        read_embeddings(bucket.put("e", contents))
