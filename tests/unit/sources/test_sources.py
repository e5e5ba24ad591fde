"""Every way the same embeddings can be stored gives the same set."""

import io
import sys

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from conftest import clusters

from opiscli import EmbeddingError, SourceError, UsageError, read_embeddings
from opiscli.sources import Selection

EMBEDDINGS, LABELS = clusters(n_classes=6, sizes=(3, 6))
EMBEDDINGS = EMBEDDINGS.astype(np.float16).astype(np.float32)
N = len(LABELS)


def table(list_type=None, labels=None, **more):
    dims = EMBEDDINGS.shape[1]
    kind = list_type or pa.list_(pa.float32(), dims)
    columns = {
        "embedding": pa.array(list(EMBEDDINGS.astype(kind.value_type.to_pandas_dtype())), kind),
        "label": pa.array(LABELS) if labels is None else labels,
        "split": pa.array(["test" if k % 2 else "train" for k in range(N)]),
    }
    return pa.table({**columns, **more})


def assert_same(items, rows=None):
    from opiscli import EmbeddingSet

    rows = np.arange(N) if rows is None else rows
    expected = EmbeddingSet.from_arrays(EMBEDDINGS[rows], LABELS[rows])
    np.testing.assert_array_equal(items.unit_rows, expected.unit_rows)
    np.testing.assert_array_equal(items.codes, expected.codes)
    assert items.names == expected.names


@pytest.mark.parametrize("number", [pa.float16(), pa.float32(), pa.float64()], ids=str)
@pytest.mark.parametrize("kind", [pa.list_, pa.large_list, lambda t: pa.list_(t, 8)])
def test_list_types(tmp_path, number, kind):
    pq.write_table(table(kind(number)), tmp_path / "x.parquet", row_group_size=7)
    assert_same(read_embeddings(str(tmp_path / "x.parquet")))


@pytest.mark.parametrize(
    "labels",
    [
        pa.array(LABELS).cast(pa.string()),
        pa.array(LABELS).cast(pa.large_string()),
        pa.array(LABELS).cast(pa.string()).dictionary_encode(),
        pa.array(LABELS).cast(pa.uint8()),
    ],
    ids=lambda a: str(a.type),
)
def test_label_types(tmp_path, labels):
    pq.write_table(table(labels=labels), tmp_path / "x.parquet")
    assert_same(read_embeddings(str(tmp_path / "x.parquet")))


def test_arrow_feather_and_streams(tmp_path, monkeypatch):
    feather.write_feather(table(), tmp_path / "x.feather")
    assert_same(read_embeddings(str(tmp_path / "x.feather")))
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table().schema) as writer:
        writer.write_table(table(), max_chunksize=5)
    (tmp_path / "x.arrow").write_bytes(stream.getvalue())
    assert_same(read_embeddings(str(tmp_path / "x.arrow")))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stream.getvalue())))
    assert_same(read_embeddings("-"))


def test_folders_globs_and_hive_partitions(tmp_path):
    half = N // 2
    for name, part in (("a", table()[:half]), ("b", table()[half:])):
        (tmp_path / f"part={name}").mkdir()
        pq.write_table(part, tmp_path / f"part={name}" / "x.parquet")
    assert_same(read_embeddings(str(tmp_path)))
    assert_same(read_embeddings(str(tmp_path / "*" / "x.parquet")))
    only = read_embeddings(str(tmp_path), Selection(where=("part=b",)))
    assert_same(only, np.arange(half, N))


def test_npy_and_npz(tmp_path):
    np.save(tmp_path / "x.npy", EMBEDDINGS.astype(np.float16))
    np.save(tmp_path / "y.npy", LABELS.astype(str))
    labelled = Selection(labels_file=tmp_path / "y.npy")
    assert_same(read_embeddings(str(tmp_path / "x.npy"), labelled))
    split = table()["split"].to_numpy()
    np.savez(tmp_path / "z.npz", embeddings=EMBEDDINGS, y=LABELS, split=split.astype(str))
    chosen = Selection(label="y", where=("split=test",))
    assert_same(read_embeddings(str(tmp_path / "z.npz"), chosen), np.arange(1, N, 2))


def test_npz_arrays_must_be_as_long_as_one_another(tmp_path):
    np.savez(tmp_path / "z.npz", embedding=EMBEDDINGS, label=LABELS, short=LABELS[:-1], one=3)
    for where, match in (("short=1", "differ in length"), ("one=3", "single value")):
        with pytest.raises(EmbeddingError, match=match):
            read_embeddings(str(tmp_path / "z.npz"), Selection(where=(where,)))
    with pytest.raises(SourceError, match="no column 'kind'"):
        read_embeddings(str(tmp_path / "z.npz"), Selection(where=("kind=1",)))


def test_a_bad_row_of_an_npz_is_named(tmp_path):
    vectors, ids = EMBEDDINGS.copy(), np.array([f"item-{k}" for k in range(N)])
    vectors[4] = 0
    np.savez(tmp_path / "z.npz", embedding=vectors, label=LABELS, name=ids)
    with pytest.raises(EmbeddingError, match=r"first in row 4 .*id 'item-4'"):
        read_embeddings(str(tmp_path / "z.npz"), Selection(id="name"))


def test_dictionaries_that_differ_between_files(tmp_path):
    half = N // 2
    for name, part in (("a", table()[:half]), ("b", table()[half:])):
        labels = part["label"].cast(pa.string()).combine_chunks().dictionary_encode()
        pq.write_table(part.set_column(1, "label", labels), tmp_path / f"{name}.parquet")
    assert_same(read_embeddings(str(tmp_path)))


def test_conditions_and_columns(tmp_path):
    odd_names = {"emb.v1": table()["embedding"], "cls.x": table()["label"]}
    more = {"keep": pa.array(np.arange(N) > 3), "shard": pa.array(np.arange(N) % 2)}
    path = tmp_path / "x.parquet"
    pq.write_table(table(**odd_names, **more), path)
    select = Selection(
        embedding="emb.v1", label="cls.x", where=("keep=true", "shard=0", "split=train")
    )
    assert_same(read_embeddings(str(path), select), np.arange(4, N, 2))
    pq.write_table(pa.table({"vec": table()["embedding"], "label": table()["label"]}), path)
    assert_same(read_embeddings(str(path)))


def test_the_first_bad_row_is_counted_and_named(tmp_path):
    vectors = EMBEDDINGS.copy()
    vectors[4] = 0
    bad = table(id=pa.array([f"item-{k}" for k in range(N)]))
    bad = bad.set_column(0, "embedding", pa.array(list(vectors)))
    pq.write_table(bad, tmp_path / "x.parquet", row_group_size=3)
    with pytest.raises(EmbeddingError, match=r"first in row 4 .*id 'item-4'"):
        read_embeddings(str(tmp_path / "x.parquet"), Selection(id="id"))
    with pytest.raises(EmbeddingError, match=r"first in row 2 .*id 'item-4'"):
        read_embeddings(str(tmp_path / "x.parquet"), Selection(id="id", where=("split=train",)))


def test_a_column_that_is_not_there_lists_those_that_are(tmp_path):
    pq.write_table(table(), tmp_path / "x.parquet")
    for selection in (Selection(label="kind"), Selection(embedding="kind"), Selection(id="kind")):
        with pytest.raises(SourceError, match=r"no column 'kind'.*embedding, label, split"):
            read_embeddings(str(tmp_path / "x.parquet"), selection)


def test_pickles_are_never_opened(tmp_path):
    np.save(tmp_path / "p.npy", np.array([{"a": 1}] * N, dtype=object), allow_pickle=True)
    np.save(tmp_path / "x.npy", EMBEDDINGS)
    np.savez(tmp_path / "p.npz", embeddings=EMBEDDINGS, labels=np.array([{}] * N, dtype=object))
    with pytest.raises(SourceError, match="pickled"):
        read_embeddings(str(tmp_path / "p.npy"), Selection(labels_file=tmp_path / "x.npy"))
    with pytest.raises(SourceError, match="pickled"):
        read_embeddings(str(tmp_path / "x.npy"), Selection(labels_file=tmp_path / "p.npy"))
    with pytest.raises(SourceError, match="pickled"):
        read_embeddings(str(tmp_path / "p.npz"))


@pytest.mark.parametrize("cut", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", ["x.parquet", "x.feather", "x.npy", "x.npz", "x.arrow"])
def test_a_file_cut_off_anywhere_is_explained(tmp_path, name, cut):
    path = tmp_path / name
    np.save(tmp_path / "y.npy", LABELS)
    match path.suffix:
        case ".parquet":
            pq.write_table(table(), path)
        case ".feather":
            feather.write_feather(table(), path)
        case ".npy":
            np.save(path, EMBEDDINGS)
        case ".npz":
            np.savez(path, embeddings=EMBEDDINGS, labels=LABELS)
        case ".arrow":
            with pa.ipc.new_stream(path, table().schema) as writer:
                writer.write_table(table())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * cut)])
    labels = tmp_path / "y.npy" if name == "x.npy" else None
    with pytest.raises(SourceError, match="cannot be read"):
        read_embeddings(str(path), Selection(labels_file=labels))


def test_options_that_do_not_go_with_a_source(tmp_path):
    np.save(tmp_path / "x.npy", EMBEDDINGS)
    pq.write_table(table(), tmp_path / "x.parquet")
    for name, selection in (
        ("x.npy", Selection()),
        ("x.npy", Selection(labels_file=tmp_path / "y.npy", label="label")),
        ("x.parquet", Selection(labels_file=tmp_path / "y.npy")),
        ("x.parquet", Selection(where=("split",))),
    ):
        with pytest.raises(UsageError):
            read_embeddings(str(tmp_path / name), selection)


def columns_of(items):
    """Values of each column beside the embeddings, in the order of the source."""
    back = np.argsort(items.rows)
    return {
        name: [column.of(item) for item in back.tolist()] for name, column in items.columns.items()
    }


def test_other_columns_stay_with_their_items(tmp_path):
    country = [None if k == 3 else ["é\n", "b|", ""][k % 3] for k in range(N)]
    weight = np.arange(N) / 4
    path = tmp_path / "x.parquet"
    shuffled = np.random.default_rng(0).permutation(N)
    whole = table(country=pa.array(country), weight=weight, id=np.arange(N) + 2**60)
    pq.write_table(whole.take(shuffled), path, row_group_size=5)
    asked = Selection(group="split", show=("country", "weight"), find_id=True)
    items = read_embeddings(str(path), asked)
    expected = {
        "split": ["test" if k % 2 else "train" for k in shuffled],
        "country": [country[k] or "" for k in shuffled],
        "weight": [str(weight[k]).removesuffix(".0") for k in shuffled],
        "id": [str(k + 2**60) for k in shuffled],
    }
    found = columns_of(items)
    found["weight"] = [value.removesuffix(".0") for value in found["weight"]]
    assert found == expected
    kept = columns_of(items.subset(items.codes > 1))
    assert kept["id"] == [str(k + 2**60) for k in shuffled if LABELS[k] > 1]

    whole = {"embedding": EMBEDDINGS, "label": LABELS, "when": np.arange(N).astype("M8[D]")}
    np.savez(tmp_path / "x.npz", **whole)
    found = columns_of(read_embeddings(str(tmp_path / "x.npz"), Selection(show=("when",))))
    assert found["when"] == whole["when"].astype(str).tolist()


@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        (Selection(group="land"), SourceError, "no column 'land'"),
        (Selection(show=("embedding",)), EmbeddingError, "expected texts, numbers or dates"),
        (Selection(group="country"), EmbeddingError, r"group \(country\) in row 3 is null"),
    ],
)
def test_columns_that_cannot_be_used(tmp_path, asked, error, says):
    country = pa.array([None if k == 3 else "x" for k in range(N)])
    pq.write_table(table(country=country), tmp_path / "x.parquet")
    with pytest.raises(error, match=says):
        read_embeddings(str(tmp_path / "x.parquet"), asked)


def test_no_other_columns_in_npy(tmp_path):
    np.save(tmp_path / "x.npy", EMBEDDINGS)
    for asked in ({"group": "split"}, {"show": ("split",)}):
        with pytest.raises(UsageError, match="no columns"):
            read_embeddings(str(tmp_path / "x.npy"), Selection(**asked))


def test_a_single_file_has_only_its_own_columns(tmp_path):
    folder = tmp_path / "split=test"
    folder.mkdir()
    pq.write_table(table().drop_columns(["split"]), folder / "x.parquet")
    file = str(folder / "x.parquet")
    assert_same(read_embeddings(file))
    with pytest.raises(SourceError, match="no column 'split'"):
        read_embeddings(file, Selection(where=("split=test",)))


def test_names_with_a_dot_are_not_parts_of_other_columns(tmp_path):
    other = pa.array([{"label": "z"}] * N)
    names = ["embedding", "my.label", "split", "my"]
    pq.write_table(table(my=other).rename_columns(names), tmp_path / "x.parquet")
    assert_same(read_embeddings(str(tmp_path / "x.parquet"), Selection(label="my.label")))


@pytest.mark.parametrize("offset", [0, 1000])
@pytest.mark.parametrize("ending", ["parquet", "feather", "npz", "folder"])
def test_a_source_of_many_batches_is_that_of_its_arrays(tmp_path, offset, ending):
    from opiscli import EmbeddingSet

    rng = np.random.default_rng(0)
    embeddings, labels = rng.normal(size=(20_000, 5)) + offset, rng.integers(0, 50, 20_000)
    column = pa.FixedSizeListArray.from_arrays(pa.array(embeddings.ravel()), 5)
    rows = pa.table({"embedding": column, "label": labels})
    path = tmp_path / f"x.{ending}"
    if ending == "parquet":
        pq.write_table(rows, path, row_group_size=7_000)
    elif ending == "feather":
        feather.write_feather(rows, path, chunksize=6_000)
    elif ending == "npz":
        np.savez(path, embedding=embeddings, label=labels)
    else:
        path.mkdir()
        for part in range(2):
            pq.write_table(rows.slice(10_000 * part, 10_000), path / f"{part}.parquet")
    items = read_embeddings(str(path))
    expected = EmbeddingSet.from_arrays(embeddings, labels)
    np.testing.assert_array_equal(items.vectors, expected.vectors)
    np.testing.assert_array_equal(items.codes, expected.codes)
    np.testing.assert_array_equal(items.centre, expected.centre)
    assert (items.centre is None) == (offset == 0)
