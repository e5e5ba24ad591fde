"""A file of labels is NPY, text, CSV or Parquet; texts stay as written."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from conftest import clusters

from opiscli import EmbeddingError, OpisError, SourceError, read_embeddings
from opiscli.sources import Selection

EMBEDDINGS, NUMBERS = clusters(n_classes=5, sizes=(3, 6))
N = len(NUMBERS)
TEXTS = [f"00{number}" for number in NUMBERS]
PEOPLE = ["Müller, Ann" if number else 'Müller, Bo "B" X' for number in NUMBERS]


@pytest.fixture
def read(tmp_path):
    """Read embeddings with the labels of a file that has a name and contents."""
    np.save(tmp_path / "x.npy", EMBEDDINGS)

    def read(name, contents, **selection):
        path = tmp_path / name
        if isinstance(contents, np.ndarray):
            np.save(path, contents)
        elif isinstance(contents, pa.Table):
            write = feather.write_feather if name.endswith("feather") else pq.write_table
            write(contents, path)
        else:
            path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        return read_embeddings(str(tmp_path / "x.npy"), Selection(labels_file=path, **selection))

    return read


def lines(labels, end="\n"):
    return "".join(f"{label}{end}" for label in labels)


def quoted(labels):
    return [f'"{label.replace(chr(34), 2 * chr(34))}"' for label in labels]


@pytest.mark.parametrize(
    ("name", "contents", "labels"),
    [
        ("y.npy", NUMBERS, NUMBERS),
        ("y.npy", np.array(TEXTS), TEXTS),
        ("y.npy", np.array(TEXTS).astype("S5"), TEXTS),
        ("y.npy", NUMBERS > 2, NUMBERS > 2),
        ("y.txt", lines(TEXTS), TEXTS),
        ("y.txt", lines(TEXTS).removesuffix("\n"), TEXTS),
        ("y.txt", lines(TEXTS, "\r\n"), TEXTS),
        ("y", lines(PEOPLE), PEOPLE),
        ("y.txt", "\ufeff" + lines(PEOPLE), PEOPLE),
        ("y.txt", lines(f" {text}\u2028" for text in TEXTS), [f" {text}\u2028" for text in TEXTS]),
        ("y.csv", "label\n" + lines(TEXTS), TEXTS),
        ("y.csv", "id,label\n" + lines(f"{k},{text}" for k, text in enumerate(TEXTS)), TEXTS),
        ("y.csv", "labels,n\r\n" + lines((f"{p},1" for p in quoted(PEOPLE)), "\r\n"), PEOPLE),
        ("y.csv", lines(TEXTS), TEXTS),  # no heading, as numpy.savetxt writes it
        ("y.csv", "class\n" + lines(TEXTS), TEXTS),
        ("y.tsv", "id\tLabel\n" + lines(f"{k}\t{p}" for k, p in enumerate(TEXTS)), TEXTS),
        ("y.parquet", pa.table({"id": np.arange(N), "label": TEXTS}), TEXTS),
        ("y.parquet", pa.table({"labels": NUMBERS, "split": TEXTS}), NUMBERS),
        ("y.parquet", pa.table({"kind": pa.array(TEXTS).dictionary_encode()}), TEXTS),
        ("y.feather", pa.table({"label": pa.array(TEXTS, pa.string_view())}), TEXTS),
    ],
)  # fmt: skip
def test_labels_stay_as_written(read, name, contents, labels):
    items = read(name, contents)
    expected = sorted({str(label) for label in labels})
    assert sorted(items.names) == expected
    back = np.argsort(items.rows)
    assert [items.names[code] for code in items.codes[back]] == [str(label) for label in labels]


@pytest.mark.parametrize(
    ("name", "contents", "error", "says"),
    [
        ("y.txt", lines(TEXTS[:-1]), EmbeddingError, rf"{N} embeddings but {N - 1} labels in .*y"),
        ("y.npy", NUMBERS[:-1], EmbeddingError, rf"{N} embeddings but {N - 1} labels in .*y\.npy"),
        ("y.txt", "label\n" + lines(TEXTS), EmbeddingError, "line 1 of .* is 'label', a heading"),
        ("y.txt", lines(["", *TEXTS[1:]]), EmbeddingError, r"row 0 of .* is empty \(line 1\)"),
        ("y.txt", "", EmbeddingError, "but 0 labels"),
        ("y.txt", lines(TEXTS).encode("utf-16"), SourceError, "is not text in UTF-8"),
        ("y.txt", "a\0b\n" * N, SourceError, "zero bytes"),
        ("y.pkl", b"\x80\x04\x95rest", SourceError, "is a Python pickle.*\n.*numpy.save"),
        ("y.npz", b"PK\x03\x04rest", SourceError, "is a zip archive"),
        ("y.csv", "a,b\n" + "1,2\n" * N, SourceError, "columns a, b, expected one column 'label'"),
        ("y.csv", "a,label\n1,x\n1\n", SourceError, "row 3 of .* has 1 cells, expected 2"),
        ("y.csv", "label\n" + lines([TEXTS[0], "", *TEXTS[2:]]), EmbeddingError,
         r"row 1 of .* is empty \(line 3\)"),
        ("y.csv", 'label\n"x\n', SourceError, "cannot be read as CSV"),
        ("y.parquet", pa.table({"a": TEXTS, "b": TEXTS}), SourceError, "columns a, b"),
        ("y.parquet", pa.table({"label": [None, *TEXTS[1:]]}), EmbeddingError, "row 0 is None"),
        ("y.parquet", pa.table({"label": NUMBERS / 2}), EmbeddingError, r"of .*y.parquet are of t"),
        ("y.npy", NUMBERS / 2, EmbeddingError, r"labels of .*y\.npy are of type float64"),
        ("y.npy", np.where(NUMBERS == 1, np.nan, 1), EmbeddingError, "y.npy in row .*nan"),
        ("y.npy", NUMBERS[:, None], EmbeddingError, rf"y.npy have shape \({N}, 1\).*\n.*ravel"),
        ("y.npy", EMBEDDINGS, EmbeddingError, r"y.npy have shape .*\n.*argmax"),
    ],
)  # fmt: skip
def test_other_files_are_explained(read, name, contents, error, says):
    with pytest.raises(error, match=says):
        read(name, contents)


def test_a_file_that_is_not_there(tmp_path):
    np.save(tmp_path / "x.npy", EMBEDDINGS)
    for name, says in (("no.txt", "no such file"), (".", "cannot be read")):
        with pytest.raises(SourceError, match=says):
            read_embeddings(str(tmp_path / "x.npy"), Selection(labels_file=tmp_path / name))


@pytest.mark.parametrize("name", ["y.txt", "y.csv", "y.parquet", "y.npy"])
def test_items_without_a_label_can_be_left_out(read, name):
    kept = np.arange(N) % 4 != 0
    labels = [text if one else "" for text, one in zip(TEXTS, kept, strict=True)]
    contents = lines(labels)
    if name == "y.csv":
        contents = "label\n" + contents
    elif name == "y.parquet":
        contents = pa.table({"label": pa.array([label or None for label in labels])})
    elif name == "y.npy":
        contents = np.array(labels)
    items = read(name, contents, exclude=("label=",))
    assert sorted(items.rows.tolist()) == list(range(np.count_nonzero(kept)))
    assert set(items.names) == set(np.array(TEXTS)[kept])


def test_other_options_take_the_same_files(opis, tmp_path):
    np.save(tmp_path / "x.npy", EMBEDDINGS)
    (tmp_path / "y.txt").write_text(lines(TEXTS))
    (tmp_path / "y.csv").write_text("label\n" + lines(TEXTS))
    x, text, csv = (tmp_path / name for name in ("x.npy", "y.txt", "y.csv"))
    gallery = ("--gallery", x, "--gallery-labels", csv, "--far", "0.05:0.2", "--json")
    code, out, err = opis("evaluate", x, "--labels", text, *gallery)
    assert code == 0, err
    assert json.loads(out)["data"]["n_items"] == N
    head = tmp_path / "h.safetensors"
    code, _, err = opis("finetune", x, "--labels", csv, "-o", head, "--steps", 2, "-q",
                        "--far", "0.1:0.3", "--val-fraction", "0.5")  # fmt: skip
    assert code == 0, err
    code, _, err = opis(
        "project", x, "--labels", text, "--head", head, "-o", tmp_path / "p.parquet"
    )
    assert code == 0, err
    assert pq.read_table(tmp_path / "p.parquet")["label"].to_pylist() == TEXTS


def test_errors_are_ours(read):
    for contents in (b"\x89HDF\r\n\x1a\n", b"\x1f\x8b\x08\x00", b"\xff" * 20):
        with pytest.raises(OpisError):
            read("y.bin", contents)


def test_labels_are_those_of_the_first_source_only(opis, tmp_path):
    x, y, v = (tmp_path / name for name in ("x.npy", "y.npy", "v.npz"))
    np.save(x, EMBEDDINGS)
    np.save(y, NUMBERS)
    np.savez(v, embedding=EMBEDDINGS[::-1], label=[f"v{number}" for number in NUMBERS[::-1]])
    tuning = ("--steps", 2, "-q", "--far", "0.1:0.3")
    head = tmp_path / "h.safetensors"
    code, _, err = opis("finetune", x, "--labels", y, "--val", v, "-o", head, *tuning)
    assert code == 0, err
    code, _, err = opis("calibrate", x, "--labels", y, "--eval", v, "--far", 0.2, "--json")
    assert code == 0, err
    code, _, err = opis("calibrate", x, "--labels", y, "--eval", x, "--far", 0.2)
    assert (code, "such as NPZ or Parquet" in err) == (2, True), err
