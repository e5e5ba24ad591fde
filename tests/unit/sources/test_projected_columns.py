"""All columns of a source are written again beside other embeddings, whatever their type."""

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from stored_items import DIMS, EMBEDDINGS, HALVES, NAMES, N, lists, table, write

from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.errors import OpisError
from opiscli.sources import Selection, map_embeddings, project_embeddings

TEXTS = pa.array([f"t{k % 5}" for k in range(N)])
LISTS = pa.array([[f"t{k}"] for k in range(N)])

KEPT = {
    "text": TEXTS,
    "view": TEXTS.cast(pa.string_view()),
    "bytes view": TEXTS.cast(pa.binary_view()),
    "dictionary": TEXTS.dictionary_encode(),
    "dictionary of views": TEXTS.cast(pa.string_view()).dictionary_encode(),
    "dictionary of lists": pa.DictionaryArray.from_arrays(pa.array(range(N)), LISTS),
    "dictionary of numbers": pa.array(np.arange(N) // 3).dictionary_encode(),
    "run ends": pc.run_end_encode(pa.array(np.arange(N) // 3)),
    "run ends of views": pc.run_end_encode(TEXTS).cast(pa.run_end_encoded(pa.int32(), pa.string())),
    "halves": pa.array(np.arange(N).astype("f2")),
    "list view": pa.array([[k] for k in range(N)], pa.list_view(pa.int64())),
    "list of views": LISTS.cast(pa.list_(pa.string_view())),
    "struct": pa.array([{"a": k, "b": "x"} for k in range(N)]),
    "struct of views": pa.array([{"a": "x"}] * N, pa.struct([("a", pa.string_view())])),
    "map": pa.array([[("a", k)] for k in range(N)], pa.map_(pa.string(), pa.int32())),
    "uuid": pa.array([bytes([k] * 16) for k in range(N)], pa.uuid()),
    "tensor": pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [2, 4]), lists()),
    "null": pa.nulls(N),
    "some null": pa.array([None if k % 2 else k for k in range(N)]),
    "duration": pa.array([datetime.timedelta(k) for k in range(N)]),
    "decimal": pa.array(np.arange(N)).cast(pa.decimal256(60, 2)),
    "time zone": pa.array(np.arange(N) * 1000).cast(pa.timestamp("us", "Europe/Berlin")),
}

NOT_KEPT = {
    "interval": pa.array([pa.MonthDayNano([1, 2, 3])] * N),
    "empty struct": pa.array([{}] * N, pa.struct([])),
    "list of empty structs": pa.array([[{}]] * N, pa.list_(pa.struct([]))),
    "struct of an empty struct": pa.array([{"a": {}}] * N, pa.struct([("a", pa.struct([]))])),
    "union": pa.UnionArray.from_sparse(pa.array([0] * N, pa.int8()), [pa.array(range(N))]),
}


def halved(rows):
    """Other embeddings of fewer dims."""
    return ChangedRows(np.ascontiguousarray(rows[:, :2]))


def project(source, path, **chosen):
    n_rows = map_embeddings(str(source), Selection(**chosen), halved, path, force=True)
    written = pq.read_table(path)
    assert len(written) == n_rows
    return written


@pytest.mark.parametrize("kind", KEPT)
def test_columns_are_kept(tmp_path, kind):
    source = write(tmp_path / "e.arrow", table(meta=KEPT[kind]))
    written = project(source, tmp_path / "p.parquet")
    assert written.column_names == ["embedding", "label", "meta"]
    assert written["meta"].to_pylist() == KEPT[kind].to_pylist()
    assert written["label"].to_pylist() == NAMES.tolist()
    assert written["embedding"].type == pa.list_(pa.float32(), 2)


@pytest.mark.parametrize("kind", NOT_KEPT)
def test_columns_that_parquet_cannot_hold_are_refused_by_name(tmp_path, kind):
    source = write(tmp_path / "e.arrow", table(meta=NOT_KEPT[kind]))
    with pytest.raises(
        OpisError, match=r"column 'meta' of .* which Parquet cannot hold"
    ) as refused:
        project(source, tmp_path / "p.parquet")
    assert "drop_columns(['meta'])" in refused.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["e.arrow"]
    embeddings = project_embeddings(str(source), Selection(), halved).unit
    assert embeddings.shape == (N, 2)


def test_files_with_different_columns_become_one(tmp_path):
    first, second = HALVES
    write(tmp_path / "f/a.parquet", table(first, size=pa.array([1] * (N // 2), pa.int32())))
    write(tmp_path / "f/k=x/b.parquet", table(second, size=pa.array([2] * (N - N // 2))))
    write(tmp_path / "f/k=x/c.parquet", table(first))
    written = project(tmp_path / "f", tmp_path / "p.parquet")
    assert written.column_names == ["embedding", "label", "size", "k"]
    half = N // 2
    assert written["size"].to_pylist() == [1] * half + [2] * (N - half) + [None] * half
    assert written["k"].to_pylist() == [None] * half + ["x"] * N
    write(tmp_path / "f/d.parquet", table(second, size=pa.array(["big"] * (N - half))))
    with pytest.raises(OpisError, match=r"'size' holds int32 in .*a\.parquet, but string in .*d\."):
        project(tmp_path / "f", tmp_path / "p.parquet")


def test_rows_and_wide_columns_are_chosen_as_in_reading(tmp_path):
    wide = {f"dim_{k}": pa.array(EMBEDDINGS[:, k]) for k in range(DIMS)}
    rows = pa.table({"id": pa.array(range(N)), **wide, "label": pa.array(NAMES)})
    source = write(tmp_path / "e.parquet", rows)
    written = project(
        source, tmp_path / "p.parquet", embedding_columns="dim_*", exclude=("label=c1",)
    )
    assert written.column_names == ["id", "embedding", "label"]
    kept = NAMES != "c1"
    assert written["id"].to_pylist() == np.arange(N)[kept].tolist()
    unit = EMBEDDINGS / np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)
    np.testing.assert_allclose(
        np.array(written["embedding"].to_pylist()), unit[kept, :2], atol=1e-6
    )
    clash = write(tmp_path / "c.parquet", rows.append_column("embedding", pa.array(NAMES)))
    with pytest.raises(OpisError, match="has a column 'embedding' beside"):
        project(clash, tmp_path / "p.parquet", embedding_columns="dim_*")


@pytest.mark.parametrize(
    ("chosen", "says"),
    [
        ({"where": ("label=zz",)}, "no rows of .* match where label=zz"),
        ({"exclude": ("meta=x",)}, "no rows of .* are left by exclude meta=x"),
        ({"embedding": "label"}, "row 0 is no list of numbers but 'c0'"),
        ({"embedding": "meta2"}, "no column 'meta2'"),
        ({"embedding_columns": "dim_*"}, "no column like 'dim_"),
    ],
)
def test_nothing_is_written_where_nothing_can_be(tmp_path, chosen, says):
    source = write(tmp_path / "e.parquet", table(meta=pa.array(["x"] * N)))
    with pytest.raises(OpisError, match=says):
        project(source, tmp_path / "p.parquet", **chosen)
    assert [path.name for path in tmp_path.iterdir()] == ["e.parquet"]
