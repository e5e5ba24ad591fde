"""Every mistake we know of: its exit code, two lines on stderr, nothing on stdout."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

EMBEDDINGS, LABELS = clusters(n_classes=8, sizes=(5, 6))
N = len(LABELS)


def write(path, embeddings=None, labels=LABELS):
    vectors = embeddings if embeddings is not None else list(EMBEDDINGS)
    pq.write_table(pa.table({"embedding": pa.array(vectors), "label": labels}), path)


def with_row(row, value):
    rows = [list(vector) for vector in EMBEDDINGS]
    rows[row] = value
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad")
    write(folder / "good.parquet")
    (folder / "empty.parquet").touch()
    (folder / "cut.parquet").write_bytes((folder / "good.parquet").read_bytes()[:900])
    (folder / "text.parquet").write_text("id,label\n1,a\n")
    (folder / "no_files").mkdir()
    write(folder / "ragged.parquet", with_row(17, [1.0, 2.0]))
    write(folder / "null_row.parquet", with_row(3, None))
    write(folder / "null_value.parquet", with_row(3, [None] * 8))
    write(folder / "null_label.parquet", labels=pa.array([1, None, *LABELS[2:].tolist()]))
    write(folder / "zero.parquet", with_row(11, [0.0] * 8))
    write(folder / "nan.parquet", with_row(9, [float("nan")] * 8))
    write(folder / "inf.parquet", with_row(9, [float("inf")] * 8))
    write(folder / "one_class.parquet", labels=np.zeros(N, int))
    write(folder / "singletons.parquet", labels=np.arange(N))
    write(folder / "float_labels.parquet", labels=LABELS / 2)
    write(folder / "no_rows.parquet", pa.array([], pa.list_(pa.float32())), pa.array([], pa.int8()))
    write(folder / "tied.parquet", list(np.eye(8)[LABELS]))
    np.save(folder / "x.npy", EMBEDDINGS)
    np.save(folder / "y.npy", LABELS)
    np.save(folder / "short.npy", LABELS[:-1])
    np.save(folder / "object.npy", np.array([{}] * N, dtype=object), allow_pickle=True)
    return folder


@pytest.mark.parametrize(
    ("argv", "exit_code", "says"),
    [
        ("missing.parquet", 3, "no such file"),
        ("empty.parquet", 3, "empty (0 bytes)"),
        ("cut.parquet", 3, "cannot be read"),
        ("text.parquet", 3, "no column 'embedding'"),
        ("no_files", 3, "holds no .parquet file"),
        ("good.parquet --label-column kind", 3, "expected one of: embedding, label"),
        ("good.parquet --embedding-column kind", 3, "expected one of: embedding, label"),
        ("good.parquet --embedding-column label", 3, "holds int64"),
        ("object.npy --labels y.npy", 3, "pickled"),
        ("x.npy --labels object.npy", 3, "pickled"),
        ("x.npy --labels short.npy", 4, f"{N} embeddings but {N - 1} labels"),
        ("ragged.parquet", 4, "row 17 has 2 dims, expected 8"),
        ("null_row.parquet", 4, "row 3 is null"),
        ("null_value.parquet", 4, "row 3 is null"),
        ("null_label.parquet", 4, "row 1 is null"),
        ("zero.parquet", 4, "first in row 11"),
        ("nan.parquet", 4, "first in row 9"),
        ("inf.parquet", 4, "first in row 9"),
        ("one_class.parquet", 4, "of one class"),
        ("singletons.parquet", 4, "single item"),
        ("float_labels.parquet", 4, "holds double"),
        ("no_rows.parquet", 4, "0 embeddings"),
        ("good.parquet --where label=99", 4, "no rows of"),
        ("good.parquet --where kind=1", 3, "no column 'kind'"),
        ("good.parquet --where label=x", 2, "holds int64"),
        ("good.parquet --where label", 2, "COLUMN=VALUE"),
        ("good.parquet --far 0.1:0.01", 2, "lower bound first"),
        ("good.parquet --far 0:0.1", 2, "out of bounds"),
        ("good.parquet --far 0.1:1", 2, "out of bounds"),
        ("good.parquet --far nan:0.1", 2, "out of bounds"),
        ("good.parquet --far 0.1", 2, "two numbers LO:HI"),
        ("good.parquet --range 1:2.5", 2, "out of bounds"),
        ("good.parquet --far 0.1:0.2 --range 1:2", 2, "use only one of --far-range, --range"),
        ("good.parquet --epsilon 1", 2, "--epsilon is 1"),
        ("good.parquet --beta 0", 2, "--beta is 0"),
        ("good.parquet --thresholds 1", 2, "--thresholds is 1"),
        ("good.parquet --k 1,x", 2, "--k 1,x"),
        ("good.parquet --k 0", 2, "--k is 0"),
        ("good.parquet --k 1 --k x", 2, "--k 1,x"),
        ("good.parquet --threads 0", 2, "--threads is 0"),
        ("good.parquet --memory-limit lots", 2, "not an amount of memory"),
        ("good.parquet --memory-limit 1kB", 2, "--memory-limit is"),
        ("good.parquet --format xml", 2, "xml"),
        ("good.parquet --no-such-option", 2, "no such option"),
        ("good.parquet other.parquet", 2, "unexpected extra argument"),
        ("x.npy", 2, "has no labels"),
        ("good.parquet --labels y.npy", 2, "carries its own labels"),
        ("good.parquet --far 1e-9:1e-8", 5, "unattainable"),
        ("tied.parquet", 5, "unattainable"),
    ],
)
def test_a_mistake_is_explained(opis, folder, monkeypatch, argv, exit_code, says):
    monkeypatch.chdir(folder)
    code, out, err = opis("evaluate", *argv.split())
    assert (code, out) == (exit_code, ""), err
    lines = err.rstrip("\n").split("\n")
    assert len(lines) == 2
    assert lines[0].startswith("error: ")
    assert says in lines[0]
    assert lines[1].startswith("hint: ")
    assert len(lines[1]) > 12
