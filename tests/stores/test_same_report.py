"""The same items give the same report wherever they are stored."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SAMPLE
from object_store import as_parquet

N = 1500


@pytest.fixture(scope="module")
def items():
    """Some real embeddings as lists, which every format has."""
    read = pq.read_table(SAMPLE / "wordnet.parquet").slice(0, N)
    chosen = read.select(["embedding", "label"])
    lists = np.array(chosen.column("embedding").to_pylist(), np.float32)
    return chosen.set_column(0, "embedding", pa.array(lists.tolist(), pa.list_(pa.float32())))


@pytest.fixture
def report(opis):
    """The report of a source, without its name."""

    def of(source):
        code, out, err = opis("evaluate", source, "--json", "--far-range", "0.01:0.1")
        assert code == 0, err
        found = json.loads(out)
        assert found["data"].pop("source") == source
        return found

    return of


@pytest.fixture
def expected(items, report, tmp_path):
    path = tmp_path / "plain" / "e.parquet"
    path.parent.mkdir()
    pq.write_table(items, path)
    return report(str(path))


def test_a_file_of_a_store(items, report, expected, bucket):
    assert report(bucket.put("a/e.parquet", items)) == expected


def test_files_of_a_folder_of_a_store(items, report, expected, bucket):
    bucket.put("a/1.parquet", items.slice(0, 100))
    bucket.put("a/2.parquet", items.slice(100))
    assert report(f"{bucket.url}/a") == expected


def test_a_web_server(items, report, expected, web):
    server = web({"/e.parquet": as_parquet(items)})
    assert report(f"{server.url}/e.parquet") == expected


@pytest.mark.parametrize("place", ["disk", "store"])
def test_delta(items, report, expected, request, tmp_path, no_configuration, place):
    deltalake = pytest.importorskip("deltalake", reason="deltalake is not installed")
    bucket = request.getfixturevalue("bucket") if place == "store" else None
    source = f"{bucket.url}/t" if bucket else str(tmp_path / "t")
    for part in (items.slice(0, 700), items.slice(700)):
        options = bucket.options if bucket else None
        deltalake.write_deltalake(source, part, mode="append", storage_options=options)
    assert report(source) == expected


def test_iceberg(items, report, expected, tmp_path, no_configuration):
    catalogs = pytest.importorskip("pyiceberg.catalog.sql", reason="pyiceberg is not installed")
    made = catalogs.SqlCatalog(
        "opis", uri=f"sqlite:///{tmp_path}/c.db", warehouse=f"file://{tmp_path}/t"
    )
    made.create_namespace("ns")
    table = made.create_table("ns.items", schema=items.schema)
    table.append(items.slice(0, 700))
    table.append(items.slice(700))
    assert report(str(tmp_path / "t/ns/items")) == expected


def test_lance(items, report, expected, tmp_path, no_configuration):
    lance = pytest.importorskip("lance", reason="pylance is not installed")
    source = str(tmp_path / "t.lance")
    for part in (items.slice(0, 700), items.slice(700)):
        lance.write_dataset(part, source, mode="append")
    assert report(source) == expected


def test_a_saved_data_set(items, report, expected, tmp_path):
    folder = tmp_path / "saved"
    folder.mkdir()
    names = ["data-00000-of-00002.arrow", "data-00001-of-00002.arrow"]
    for name, part in zip(names, (items.slice(0, 700), items.slice(700)), strict=True):
        with pa.ipc.new_stream(folder / name, items.schema) as writer:
            writer.write_table(part)
    described = {"_data_files": [{"filename": name} for name in names]}
    (folder / "state.json").write_text(json.dumps(described))
    assert report(str(folder)) == expected
