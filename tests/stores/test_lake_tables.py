"""Delta, Iceberg and Lance tables: the current rows are read, on a disk and in a store."""

import base64
import json
import struct
import sys

import numpy as np
import pyarrow as pa
import pytest
from stored_items import EMBEDDINGS, HALVES, NAMES, N, assert_items, table

from opiscli import SourceError, read_embeddings
from opiscli.errors import OpisError, UsageError
from opiscli.sources import Selection
from opiscli.sources.arrow import InMemory
from opiscli.sources.delta_table import WithoutDeleted

FIRST, SECOND = HALVES
PACKAGES = {"delta": "deltalake", "iceberg": "pyiceberg", "lance": "lance"}


def rows(part=slice(None), **columns):
    """Some items with ids, and embeddings as lists: not all formats have lists of a fixed size."""
    embeddings = pa.array(EMBEDDINGS[part].tolist(), pa.list_(pa.float32()))
    return table(part, embedding=embeddings, id=np.arange(N)[part], **columns)


class Delta:
    """Writes Delta tables."""

    def __init__(self, place, options):
        self.place, self.options = place, options

    def append(self, items, **further):
        import deltalake

        deltalake.write_deltalake(
            self.place, items, mode="append", storage_options=self.options, **further
        )
        return self.place

    def delete(self, item):
        import deltalake

        deltalake.DeltaTable(self.place, storage_options=self.options).delete(f"id = {item}")


class Lance:
    """Writes Lance tables."""

    def __init__(self, place, options):
        self.place, self.options = place, options

    def append(self, items):
        import lance

        lance.write_dataset(items, self.place, mode="append", storage_options=self.options)
        return self.place

    def delete(self, item):
        import lance

        lance.dataset(self.place, storage_options=self.options).delete(f"id = {item}")


class Iceberg:
    """Writes Iceberg tables of a catalog in SQLite."""

    def __init__(self, place, options, folder):
        from pyiceberg.catalog.sql import SqlCatalog

        where = place if "://" in place else f"file://{place}"
        self.uri = f"sqlite:///{folder}/catalog.db"
        store = {"s3.endpoint": (options or {}).get("aws_endpoint"), "s3.region": "us-east-1"}
        self.catalog = SqlCatalog(
            "opis", uri=self.uri, warehouse=where, **(store if options else {})
        )
        self.catalog.create_namespace("ns")
        self.table = None
        self.place = f"{place}/ns/items"

    def append(self, items):
        self.table = self.table or self.catalog.create_table("ns.items", schema=items.schema)
        self.table.append(items)
        return self.place

    def delete(self, item):
        self.table.delete(f"id = {item}")


@pytest.fixture(params=["delta", "iceberg", "lance"])
def kind(request):
    pytest.importorskip(
        PACKAGES[request.param], reason=f"{PACKAGES[request.param]} is not installed"
    )
    return request.param


@pytest.fixture
def lake(kind, request, tmp_path):
    """Makes a table on the disk or in a store."""

    def make(place, options=None):
        if kind == "iceberg":
            pytest.importorskip("sqlalchemy", reason="a catalog of Iceberg needs sqlalchemy")
            return Iceberg(place, options, tmp_path)
        return Delta(place, options) if kind == "delta" else Lance(f"{place}.lance", options)

    return make


@pytest.fixture(params=["disk", "store"])
def written(request, lake, tmp_path, no_configuration):
    """An empty table on the disk and in a store."""
    if request.param == "disk":
        return lake(str(tmp_path / "t"))
    bucket = request.getfixturevalue("bucket")
    return lake(f"{bucket.url}/t", bucket.options)


def test_rows_that_were_added_and_deleted(written):
    written.append(rows(FIRST))
    source = written.append(rows(SECOND))
    assert_items_in_any_order(source, range(N))
    written.delete(3)
    written.delete(N - 1)
    assert_items_in_any_order(source, [at for at in range(N) if at not in (3, N - 1)])


def assert_items_in_any_order(source, expected):
    """Iceberg lists the file that was written last first."""
    read = read_embeddings(source, Selection(show=("id",), with_pairs=False))
    ids = read.columns["id"]
    numbers = np.array([int(ids.names[code]) for code in ids.codes])
    order, expected = np.argsort(numbers), np.array(list(expected))
    assert numbers[order].tolist() == expected.tolist()
    unit = EMBEDDINGS[expected] / np.linalg.norm(EMBEDDINGS[expected], axis=1, keepdims=True)
    np.testing.assert_allclose(read.unit_rows[order], unit, atol=1e-6)
    assert [read.names[code] for code in read.codes[order]] == NAMES[expected].tolist()


def test_conditions_and_a_limit(kind, lake, tmp_path, no_configuration):
    source = lake(str(tmp_path / "t")).append(rows())
    chosen = Selection(where=("label=c1",), with_pairs=False)
    assert_items(read_embeddings(source, chosen), NAMES == "c1")
    with pytest.raises(UsageError, match="memory_limit"):
        read_embeddings(source, Selection(memory_limit=100))


@pytest.mark.parametrize("name", PACKAGES)
def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, opis, name):
    marks = {"delta": "_delta_log/0.json", "iceberg": "metadata/1-a.metadata.json"}
    file = tmp_path / "t" / marks.get(name, "_versions/1.manifest")
    file.parent.mkdir(parents=True)
    file.touch()
    for module in [one for one in sys.modules if one.partition(".")[0] == PACKAGES[name]]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, PACKAGES[name], None)
    code, out, err = opis("evaluate", tmp_path / "t")
    assert (code, out) == (2, "")
    assert "is not installed" in err
    assert f"opiscli[{name}]" in err


def test_a_damaged_table_is_an_error(kind, lake, tmp_path, no_configuration, opis):
    source = lake(str(tmp_path / "t")).append(rows())
    logs = ("_delta_log", "_versions", "metadata")
    damaged = [one for one in tmp_path.rglob("*") if one.parent.name in logs and one.is_file()]
    for file in damaged:
        file.write_bytes(file.read_bytes()[:20])
    code, out, err = opis("evaluate", source)
    assert (code, out) == (3, "")
    assert err.count("\n") == 2
    assert "cannot be read as a" in err


def test_missing_data_is_an_error(kind, lake, tmp_path, no_configuration):
    source = lake(str(tmp_path / "t")).append(rows())
    for file in [*tmp_path.rglob("*.parquet"), *tmp_path.rglob("data/*.lance")]:
        file.unlink()
    with pytest.raises(OpisError, match=r"cannot be read|no such"):
        read_embeddings(source)


@pytest.fixture
def deltalake(no_configuration):
    return pytest.importorskip("deltalake", reason="deltalake is not installed")


def test_partitions_of_delta_are_columns(deltalake, tmp_path):
    place = str(tmp_path / "t")
    names = np.array([f"a/b {name}%é" for name in NAMES])
    items = rows(day=pa.array(np.arange(N) % 2))
    items = items.set_column(items.schema.get_field_index("label"), "label", pa.array(names))
    Delta(place, None).append(items, partition_by=["label", "day"])
    read = read_embeddings(place, Selection(where=("day=1",), with_pairs=False))
    assert set(read.names) == set(names[1::2])
    assert read.n_items == N // 2


def test_an_empty_delta_table(deltalake, tmp_path):
    writer = Delta(str(tmp_path / "t"), None)
    source = writer.append(rows())
    deltalake.DeltaTable(source).delete()
    with pytest.raises(OpisError, match="there are 0 embeddings"):
        read_embeddings(source)


def test_an_overwritten_version_of_delta_is_not_read(deltalake, tmp_path):
    place = str(tmp_path / "t")
    Delta(place, None).append(rows(SECOND))
    deltalake.write_deltalake(place, rows(FIRST), mode="overwrite")
    assert_items(read_embeddings(place), FIRST)


def deletion_vector(numbers):
    """A deletion vector as it is written into the log, after the protocol of Delta.

    Magic number, then a 64-bit Roaring bitmap of one 32-bit bitmap with one array container:
    https://github.com/RoaringBitmap/RoaringFormatSpec.
    """
    container = struct.pack(f"<{len(numbers)}H", *numbers)
    head = struct.pack("<II", 12346, 1) + struct.pack("<HH", 0, len(numbers) - 1)
    bitmap = head + struct.pack("<I", len(head) + 4) + container
    data = struct.pack("<iqI", 1681511377, 1, 0) + bitmap
    data += bytes(-len(data) % 4)
    return {
        "storageType": "i",
        "pathOrInlineDv": z85(data),
        "sizeInBytes": len(data),
        "cardinality": len(numbers),
    }


def z85(data):
    """Base 85 with the letters of ZeroMQ, which Delta uses."""
    usual = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
    zeromq = (
        b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
    )
    return base64.b85encode(data).translate(bytes.maketrans(usual, zeromq)).decode()


def commit(place, *actions):
    log = place / "_delta_log"
    version = len(list(log.glob("*.json")))
    (log / f"{version:020}.json").write_text("\n".join(map(json.dumps, actions)))


def log_of(place):
    lines = (place / "_delta_log" / f"{0:020}.json").read_text().splitlines()
    return {key: value for line in lines for key, value in json.loads(line).items()}


def test_rows_that_delta_marks_as_deleted_are_not_read(deltalake, tmp_path):
    Delta(str(tmp_path), None).append(rows())
    added = log_of(tmp_path)["add"]
    features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    removed = {"path": added["path"], "dataChange": True, "deletionTimestamp": 0}
    commit(
        tmp_path,
        {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **features}},
        {"remove": removed},
        {"add": {**added, "deletionVector": deletion_vector([0, 5, 6])}},
    )
    kept = [at for at in range(N) if at not in (0, 5, 6)]
    assert_items(read_embeddings(str(tmp_path)), kept)


def test_marks_of_deleted_rows_that_end_before_the_rows_do():
    items = InMemory(pa.table({"x": np.arange(10_000)}), "t")
    kept = np.ones(5001, bool)
    kept[[0, 4095, 4096, 5000]] = False
    left = WithoutDeleted(items, pa.array(kept))
    found = np.concatenate([batch.column("x").to_numpy() for batch in left.batches(["x"])])
    assert found.tolist() == [*np.flatnonzero(kept), *range(5001, 10_000)]
    assert left.n_rows == len(found)


def test_columns_that_delta_renamed(deltalake, tmp_path):
    Delta(str(tmp_path), None).append(rows().rename_columns(["col-a", "col-b", "col-c"]))
    written = log_of(tmp_path)["metaData"]
    schema = json.loads(written["schemaString"])
    for at, (field, name) in enumerate(
        zip(schema["fields"], ["embedding", "label", "id"], strict=True)
    ):
        mapping = {"physicalName": field["name"], "id": at + 1}
        field["metadata"] = {f"delta.columnMapping.{key}": it for key, it in mapping.items()}
        field["name"] = name
    settings = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "3"}
    commit(
        tmp_path,
        {"protocol": {"minReaderVersion": 2, "minWriterVersion": 5}},
        {"metaData": {**written, "schemaString": json.dumps(schema), "configuration": settings}},
    )
    assert_items_in_any_order(str(tmp_path), range(N))


@pytest.fixture
def iceberg(tmp_path, no_configuration):
    pytest.importorskip("pyiceberg", reason="pyiceberg is not installed")
    pytest.importorskip("sqlalchemy", reason="a catalog of Iceberg needs sqlalchemy")
    return Iceberg(str(tmp_path / "t"), None, tmp_path)


def test_a_version_of_iceberg_by_its_metadata_file(iceberg, tmp_path):
    iceberg.append(rows(FIRST))
    earlier = iceberg.table.metadata_location.removeprefix("file://")
    iceberg.append(rows(SECOND))
    assert_items(read_embeddings(earlier), FIRST)


def test_a_table_of_an_iceberg_catalog(iceberg, monkeypatch, opis):
    iceberg.append(rows())
    monkeypatch.setattr(
        "pyiceberg.catalog._ENV_CONFIG.config", {"catalog": {"opis": {"uri": iceberg.uri}}}
    )
    assert_items(read_embeddings("iceberg://opis/ns.items"))
    code, _, err = opis("evaluate", "iceberg://opis/ns.other")
    assert code == 3
    assert "ns.other" in err
    code, _, err = opis("evaluate", "iceberg://other/ns.items")
    assert code == 3
    assert "PYICEBERG_CATALOG__OTHER__URI" in err


def test_columns_that_iceberg_renamed(iceberg):
    source = iceberg.append(rows().rename_columns(["embedding", "kind", "id"]))
    with iceberg.table.update_schema() as change:
        change.rename_column("kind", "label")
    assert_items(read_embeddings(source))


def test_two_current_versions_of_iceberg_are_refused(iceberg, tmp_path):
    source = iceberg.append(rows())
    file = tmp_path / "t/ns/items/metadata" / iceberg.table.metadata_location.rpartition("/")[2]
    (file.parent / (file.name[:6] + "ffff.metadata.json")).write_bytes(file.read_bytes())
    with pytest.raises(SourceError, match="two metadata files with the number"):
        read_embeddings(source)


def test_deleted_rows_belong_to_one_file_whatever_its_name_ends_like():
    from opiscli.sources.delta_table import path_in

    paths = ["a.parquet", "day=1/a.parquet", "b.parquet"]
    assert path_in("file:///t/day=1/a.parquet", paths) == "day=1/a.parquet"
    assert path_in("file:///t/a.parquet", paths) == "a.parquet"
    assert path_in("file:///t/xb.parquet", paths) == ""
