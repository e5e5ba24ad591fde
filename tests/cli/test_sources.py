"""What a command reads is what was meant: one source of each kind, up to the numbers."""

import io
import json
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stored_items import EMBEDDINGS, HALVES, LABELS, NAMES, N, lists, table, write

import opiscli
from opiscli.errors import UsageError

FIRST, SECOND = HALVES
OTHER = EMBEDDINGS + 0.05


@pytest.fixture
def numbers(opis, monkeypatch):
    """The data and numbers of an evaluation, without the name of its source."""

    def evaluated(*argv, stdin=None):
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        code, out, err = opis("evaluate", *argv, "--json", "--far", "0.05:0.3")
        assert code == 0, err
        result = json.loads(out)
        return {**result, "data": {**result["data"], "source": "", "where": []}}

    return evaluated


@pytest.fixture
def expected(tmp_path, numbers):
    """The numbers of the items in one plain file."""
    return numbers(write(tmp_path / "plain" / "e.parquet", table()))


def wide_csv():
    header = ",".join(["label", *(f"dim_{k}" for k in range(EMBEDDINGS.shape[1]))])
    rows = (f"{name},{','.join(map(str, row))}" for name, row in zip(NAMES, EMBEDDINGS.tolist(), strict=True))  # noqa: E501  # fmt: skip
    return "\n".join([header, *rows])


def test_a_file_in_a_folder_that_is_called_like_its_label(tmp_path, numbers, expected):
    path = write(tmp_path / "label=coarse" / "e.parquet", table(split=["train"] * N))
    assert numbers(path) == expected
    assert numbers(path, "--where", "split=train") == expected


def test_hidden_copies_are_not_read(tmp_path, numbers, expected):
    write(tmp_path / "f/e.parquet", table())
    write(tmp_path / "f/.ipynb_checkpoints/e-checkpoint.parquet", table(embedding=lists(OTHER)))
    write(tmp_path / "f/_temporary/e.parquet", table(embedding=lists(OTHER)))
    assert numbers(tmp_path / "f") == expected


def test_views_of_polars(tmp_path, numbers, expected):
    views = pa.array(NAMES).cast(pa.string_view())
    split = pa.array(["test"] * N + ["train"] * N).cast(pa.string_view())
    both = pa.table({
        "embedding": lists(np.concatenate([EMBEDDINGS, OTHER])),
        "label": pa.concat_arrays([views, views]).dictionary_encode(),
        "split": split,
    })  # fmt: skip
    path = write(tmp_path / "e.arrow", both)
    assert numbers(path, "--where", "split=test") == expected
    assert numbers(path, "--exclude", "split=train") == expected


def test_standard_input(tmp_path, numbers, expected):
    parquet = write(tmp_path / "e.parquet", table()).read_bytes()
    assert numbers("-", stdin=parquet) == expected
    assert numbers("-", "--embedding-columns", "dim_*", stdin=wide_csv().encode()) == expected


def test_labels_that_mean_none_are_left_out(tmp_path, numbers, expected):
    junk = np.concatenate([NAMES, ["-1"] * N])
    both = np.concatenate([EMBEDDINGS, OTHER])
    path = write(tmp_path / "e.parquet", pa.table({"embedding": lists(both), "label": junk}))
    np.savez(tmp_path / "e.npz", embedding=both, label=junk)
    np.save(tmp_path / "x.npy", both)
    np.save(tmp_path / "y.npy", junk)
    for source in (
        [path],
        [tmp_path / "e.npz"],
        [tmp_path / "x.npy", "--labels", tmp_path / "y.npy"],
    ):
        assert numbers(*source, "--exclude", "label=-1") == expected


def test_what_is_left_out_is_said_and_left_out_of_every_source(opis, tmp_path):
    odd = np.arange(N) % 2 == 1
    path = write(tmp_path / "e.parquet", table(odd=pa.array(odd)))
    half = write(tmp_path / "half.parquet", table(odd, odd=pa.array(odd[odd])))
    command = ("evaluate", path, "--gallery", path, "--far", "0.05:0.3", "--exclude", "odd=false")
    code, out, err = opis(*command, "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result["data"]["where"] == ["odd!=false"]
    assert result["data"]["n_items"] == odd.sum()
    code, out, _ = opis("evaluate", half, "--gallery", half, "--far", "0.05:0.3", "--json")
    assert json.loads(out)["pairs"] == result["pairs"]
    code, _, err = opis("evaluate", path, "--gallery", half, "--exclude", "kind=x")
    assert code == 3
    assert "no column 'kind'" in err


REFUSED = {
    "all empty": (table(embedding=pa.array([[]] * N, pa.list_(pa.float32()))), 4, "have 0 dims"),
    "first empty": (
        table(embedding=pa.array([[], *EMBEDDINGS.tolist()[1:]])), 4, "row 0 is an empty list",
    ),
    "two labels": (
        pa.Table.from_arrays([lists(), *[pa.array(LABELS)] * 2], ["embedding", "label", "label"]),
        3, "has 2 columns 'label'",
    ),
    "bits": (table(embedding=lists(np.packbits(EMBEDDINGS > 0, axis=1))), 3, "unpackbits"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_cannot_be_meant_is_refused_in_two_lines(opis, tmp_path, kind):
    contents, expected, says = REFUSED[kind]
    code, out, err = opis("evaluate", write(tmp_path / "e.parquet", contents))
    assert (code, out) == (expected, "")
    assert len(err.splitlines()) == 2
    assert says in err
    assert "cut off" not in err


@pytest.mark.parametrize(
    ("second", "says"),
    [
        (table(SECOND, embedding=lists(EMBEDDINGS[SECOND, :3])), "have 8 dims, but those of"),
        (table(SECOND, label=pa.array(LABELS[SECOND])), "holds string in"),
        (table(SECOND).drop_columns(["label"]), "has no column 'label'"),
    ],
)
def test_two_files_that_differ_are_both_named(opis, tmp_path, second, says):
    write(tmp_path / "f/a.parquet", table(FIRST))
    write(tmp_path / "f/b.parquet", second)
    code, _, err = opis("evaluate", tmp_path / "f")
    assert code in (3, 4)
    assert all(part in err for part in ("a.parquet", "b.parquet", says))
    assert "cut off" not in err


def test_python_takes_the_same_settings(tmp_path):
    path = write(tmp_path / "e.csv", wide_csv())
    whole = opiscli.evaluate(EMBEDDINGS, NAMES, far=(0.05, 0.3))
    read = opiscli.evaluate(path, embedding_columns="dim_*", far=(0.05, 0.3))
    assert read.opis == whole.opis
    kept = ~np.isin(NAMES, ["c1", "c4"])
    for given in ("label=c1", ["label=c1"]):
        read = opiscli.evaluate(path, embedding_columns="dim_*", exclude=given, far=(0.05, 0.3))
        some = NAMES != "c1"
        assert read.opis == opiscli.evaluate(EMBEDDINGS[some], NAMES[some], far=(0.05, 0.3)).opis
    read = opiscli.evaluate(
        path, embedding_columns="dim_*", exclude=("label=c1", "label=c4"), far=(0.05, 0.3)
    )
    assert read.opis == opiscli.evaluate(EMBEDDINGS[kept], NAMES[kept], far=(0.05, 0.3)).opis
    with pytest.raises(UsageError, match="embedding_columns selects nothing"):
        opiscli.evaluate(EMBEDDINGS, NAMES, embedding_columns="dim_*")


def test_project_takes_csv_and_keeps_labels_as_they_are_written(opis, tmp_path):
    labels = np.array([f"00{label}" for label in LABELS])
    pq.write_table(table(label=labels), tmp_path / "t.parquet")
    head = tmp_path / "h.safetensors"
    training = ("--steps", "2", "--far", "0.05:0.3", "--val-fraction", "0.5")
    assert opis("finetune", tmp_path / "t.parquet", "-o", head, *training)[0] == 0
    path = write(tmp_path / "e.csv", wide_csv().replace("\nc", "\n00"))
    out = tmp_path / "p.parquet"
    code, _, err = opis("project", path, "--head", head, "-o", out, "--embedding-columns", "dim_*")
    assert code == 0, err
    assert pq.read_table(out)["label"].to_pylist() == labels.tolist()
