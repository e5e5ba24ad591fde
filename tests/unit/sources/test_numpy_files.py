"""NumPy files hold what was meant, or say what they hold; an NPZ file is a table like any other."""

import io
import zipfile

import numpy as np
import pyarrow.parquet as pq
import pytest
from conftest import clusters

from opiscli import EmbeddingError, EmbeddingSet, OpisError, SourceError, read_embeddings
from opiscli.embeddings.changed_rows import ChangedRows
from opiscli.sources import Selection, map_embeddings

EMBEDDINGS, NUMBERS = clusters(n_classes=8, dims=6, sizes=(3, 6))
LABELS = np.array([f"c{number}" for number in NUMBERS])
SPLIT = np.where(np.arange(len(LABELS)) % 3, "train", "test")
N = len(LABELS)


def same_as(items, embeddings=EMBEDDINGS, labels=LABELS):
    expected = EmbeddingSet.from_arrays(embeddings, labels)
    np.testing.assert_array_equal(items.unit_rows, expected.unit_rows)
    np.testing.assert_array_equal(items.codes, expected.codes)
    return items.names == expected.names


def npz(tmp_path, **arrays):
    path = tmp_path / "e.npz"
    np.savez(path, **arrays)
    return path


def read(path, **selection):
    return read_embeddings(str(path), Selection(**selection))


OBJECTS = np.array([{"a": 1}, "b.jpg", None] * N, dtype=object)[:N]
IMAGES = np.zeros((N, 2, 2))
RECORDS = np.zeros(N, dtype=[("embedding", "f4", 6), ("label", "i8")])


@pytest.mark.parametrize(
    ("arrays", "asked"),
    [
        ({"embedding": EMBEDDINGS, "label": LABELS, "paths": OBJECTS}, {}),
        ({"embeddings": EMBEDDINGS, "labels": LABELS, "mean": EMBEDDINGS.mean(0)}, {}),
        ({"features": EMBEDDINGS, "label": LABELS, "model": np.array("v3")}, {}),
        ({"x": EMBEDDINGS, "y": LABELS, "z": EMBEDDINGS}, {"embedding": "x", "label": "y"}),
        ({"embedding": EMBEDDINGS[:2], "test_x": EMBEDDINGS, "test_y": LABELS},
         {"embedding": "test_x", "label": "test_y"}),
        ({"embedding": np.asfortranarray(EMBEDDINGS), "label": LABELS}, {}),
        ({"embedding": EMBEDDINGS.astype(">f8"), "label": LABELS}, {}),
        ({"embedding": EMBEDDINGS.astype(np.longdouble), "label": LABELS}, {}),
        ({"embedding": EMBEDDINGS, "label": LABELS.astype("S5")}, {}),
        ({"embedding": EMBEDDINGS, "label": LABELS, "record": RECORDS, "images": IMAGES}, {}),
        ({"embedding": EMBEDDINGS[::-1].copy()[::-1], "label": LABELS, "z": 1j * NUMBERS}, {}),
    ],
)  # fmt: skip
def test_only_what_is_asked_for_is_read(tmp_path, arrays, asked):
    assert same_as(read(npz(tmp_path, **arrays), **asked))


def test_members_that_are_no_arrays_are_left_out(tmp_path):
    path = npz(tmp_path, embeddings=EMBEDDINGS, labels=LABELS)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("README.txt", "about the model")
        archive.writestr("label", b"no array")
        archive.mkdir("folder")
    assert same_as(read(path))
    map_embeddings(str(path), Selection(), ChangedRows, tmp_path / "p.parquet", force=False)
    assert pq.read_schema(tmp_path / "p.parquet").names == ["embeddings", "labels"]
    items = read(tmp_path / "p.parquet")
    assert items.names == read(path).names
    assert items.unit_rows == pytest.approx(read(path).unit_rows, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "values", "condition", "kept"),
    [
        ("split", SPLIT, {"where": ("split=test",)}, SPLIT == "test"),
        ("split", SPLIT, {"exclude": ("split=test",)}, SPLIT != "test"),
        ("split", SPLIT.astype("S5"), {"where": ("split=train",)}, SPLIT == "train"),
        ("fold", np.arange(N) % 3, {"where": ("fold=1",)}, np.arange(N) % 3 == 1),
        ("fold", np.arange(N, dtype=">u2") % 3, {"exclude": ("fold=01",)}, np.arange(N) % 3 != 1),
        ("keep", np.arange(N) % 2 == 0, {"where": ("keep=true",)}, np.arange(N) % 2 == 0),
        ("score", np.arange(N) / 2 % 2, {"where": ("score=0.50",)}, np.arange(N) / 2 % 2 == 0.5),
        ("day", np.array(["2020-01-01", "2021-01-01"] * N, "M8[D]")[:N],
         {"where": ("day=2020-01-01",)}, np.arange(N) % 2 == 0),
        ("label", LABELS, {"exclude": ("label=c1", "label=c2")}, ~np.isin(NUMBERS, [1, 2])),
        ("split", np.where(SPLIT == "test", "", "x"), {"exclude": ("split=",)}, SPLIT == "train"),
        ("split", SPLIT, {"where": ("split=test",), "exclude": ("label=c0",)},
         (SPLIT == "test") & (NUMBERS != 0)),
    ],
)  # fmt: skip
def test_conditions_mean_what_they_mean_in_tables(tmp_path, name, values, condition, kept):
    arrays = {"embedding": EMBEDDINGS, "label": LABELS, name: values, "other": OBJECTS}
    items = read(npz(tmp_path, **arrays), with_pairs=False, **condition)
    expected = EmbeddingSet.from_arrays(EMBEDDINGS[kept], LABELS[kept], with_pairs=False)
    np.testing.assert_array_equal(items.unit_rows, expected.unit_rows)
    assert items.names == expected.names


@pytest.mark.parametrize(
    ("changed", "asked", "says"),
    [
        ({"label": OBJECTS}, {}, r"array 'label' .* pickled .*\n.*label.astype\(str\)"),
        ({"embedding": OBJECTS}, {}, "array 'embedding' .* pickled"),
        ({"split": OBJECTS}, {"where": ("split=a",)}, "array 'split' .* pickled"),
        ({"embedding": EMBEDDINGS[0]}, {}, r"\(embedding\) of .* have shape \(6,\)"),
        ({"embedding": EMBEDDINGS[None]}, {}, r"shape \(1, \d+, 6\).*\n.*reshape\(len"),
        ({"embedding": np.float32(3)}, {}, r"shape \(\)"),
        ({"embedding": RECORDS}, {}, r"structured .* embedding, label.*\n.*x\['embedding'\]"),
        ({"embedding": EMBEDDINGS + 1j}, {}, r"complex128.*\n.*x\.real, x\.imag"),
        ({"embedding": EMBEDDINGS.astype("S8")}, {}, "expected float16"),
        ({"label": LABELS[:-1]}, {}, "differ in length: label has"),
        ({"label": LABELS[:, None]}, {}, r"labels \(label\) of .*shape \(\d+, 1\).*\n.*ravel"),
        ({"label": np.eye(N)}, {}, r"shape .*\n.*argmax\(axis=1\)"),
        ({"label": np.where(NUMBERS == 2, np.nan, NUMBERS)}, {}, r"label \(label\) of .* is nan"),
        ({"label": NUMBERS / 2}, {}, r"float64.*\n.*astype\(int\)"),
        ({"label": NUMBERS.astype("M8[D]")}, {}, r"datetime64.*\n.*astype\(str\)"),
        ({"label": RECORDS}, {}, r"labels \(label\) .* of type"),
        ({}, {"where": ("kind=1",)}, "no column 'kind'.*embedding, label"),
        ({"one": 3}, {"where": ("one=3",)}, "'one' .* is a single value"),
        ({"split": RECORDS}, {"show": ("split",)}, "array 'split' .* of type"),
    ],
)
def test_arrays_that_cannot_be_used_are_named(tmp_path, changed, asked, says):
    path = npz(tmp_path, **{"embedding": EMBEDDINGS, "label": LABELS, **changed})
    with pytest.raises(OpisError, match=says):  # the hint is a note of the exception
        read(path, **asked)


SIGNS = np.where(EMBEDDINGS > 0, 1, -1)
BITS = np.packbits(EMBEDDINGS > 0, axis=1)
TOP_HALVES = (EMBEDDINGS.astype("f4").view("u4") >> 16).astype("u2")
WHOLE = np.round(EMBEDDINGS * 99)


@pytest.mark.parametrize(
    ("stored", "code", "meant"),
    [
        (BITS, "np.unpackbits(x, axis=1) * 2.0 - 1", SIGNS),
        (BITS, "x.astype(np.float32)", BITS),
        ((BITS ^ 128).view("i1"), "np.unpackbits(x.view(np.uint8) ^ 128, axis=1) * 2.0 - 1", SIGNS),
        (WHOLE.astype("i1"), "x.astype(np.float32)", WHOLE.astype("i1")),
        (TOP_HALVES, "(x.astype(np.uint32) << 16).view(np.float32)", EMBEDDINGS),
        (TOP_HALVES.view("V2"), "(x.view(np.uint16).astype(np.uint32) << 16).view(np.float32)",
         EMBEDDINGS),
        (EMBEDDINGS > 0, "x * 2.0 - 1", SIGNS),
        (WHOLE.astype("i2"), "x.astype(np.float32)", WHOLE),
        (WHOLE.astype("i4"), "x.astype(np.float32)", WHOLE),
        (WHOLE.astype("i8"), "x.astype(np.float32)", WHOLE),
        (np.abs(WHOLE).astype("u4"), "x.astype(np.float32)", np.abs(WHOLE)),
        (EMBEDDINGS.astype("U20"), "x.astype(np.float32)", EMBEDDINGS),
        (EMBEDDINGS + 2j * EMBEDDINGS, "np.concatenate([x.real, x.imag], axis=1)",
         np.concatenate([EMBEDDINGS, 2 * EMBEDDINGS], axis=1)),
        (EMBEDDINGS.ravel(), "x.reshape(-1, dims)", EMBEDDINGS),
        (EMBEDDINGS[:, None], "x.reshape(len(x), -1)", EMBEDDINGS),
    ],
)  # fmt: skip
def test_what_is_no_coordinate_is_refused_with_the_code_that_converts_it(
    tmp_path, stored, code, meant
):
    np.save(tmp_path / "x.npy", stored)
    np.save(tmp_path / "y.npy", NUMBERS)
    with pytest.raises(EmbeddingError, match=r"x\.npy (are of type|have shape)") as error:
        read(tmp_path / "x.npy", labels_file=tmp_path / "y.npy")
    assert code in error.value.hint
    converted = eval(code, {"np": np, "x": np.load(tmp_path / "x.npy"), "dims": 6})
    assert converted.dtype.kind == "f"
    assert converted[:, : meant.shape[1]] == pytest.approx(meant, rel=1e-2)


@pytest.mark.parametrize(
    "stored",
    [
        EMBEDDINGS.astype(np.float16),
        EMBEDDINGS.astype(np.float32),
        EMBEDDINGS.astype(">f4"),
        EMBEDDINGS.astype(np.longdouble),
        np.asfortranarray(EMBEDDINGS),
        np.repeat(EMBEDDINGS, 2, axis=1)[:, ::2],
    ],
)
def test_floats_of_any_layout_are_coordinates(tmp_path, stored):
    np.save(tmp_path / "x.npy", stored)
    np.save(tmp_path / "y.npy", LABELS)
    for more in ({}, {"exclude": ("label=no such",)}):
        items = read(tmp_path / "x.npy", labels_file=tmp_path / "y.npy", **more)
        assert same_as(items, stored.astype(np.float64), LABELS)


def test_conditions_on_the_labels_of_an_npy_file(tmp_path):
    junk = np.where(NUMBERS == 3, -1, NUMBERS)
    np.save(tmp_path / "x.npy", EMBEDDINGS)
    np.save(tmp_path / "y.npy", junk)
    items = read(tmp_path / "x.npy", labels_file=tmp_path / "y.npy", exclude=("label=-1",))
    assert same_as(items, EMBEDDINGS[junk != -1], junk[junk != -1])
    with pytest.raises(SourceError, match="no column 'split', expected one of: embedding, label"):
        read(tmp_path / "x.npy", labels_file=tmp_path / "y.npy", where=("split=test",))


def damaged(whole, at, value):
    return whole[:at] + value + whole[at + len(value) :]


def test_damaged_archives_are_explained(tmp_path):
    path = npz(tmp_path, embedding=EMBEDDINGS, label=LABELS)
    whole, header = path.read_bytes(), b"'shape': (%d, 6)" % N
    at = whole.index(header)
    names = (whole.index(b"PK\x03\x04"), whole.index(b"PK\x01\x02"))
    encrypted = damaged(damaged(whole, names[0] + 6, b"\1"), names[1] + 8, b"\1")
    for content, says in (
        (damaged(whole, at, b"'shape': (%d, 9" % N), "damaged"),  # claims more than there is
        (damaged(whole, at, b"'shape': (-1, 6)"[: len(header)]), "damaged"),
        (damaged(whole, at, b"(((((((((((((((("[: len(header)]), "damaged"),
        (damaged(whole, at + 200, b"\xff\xff\xff"), "damaged"),
        (encrypted, "encrypted"),
        (whole[:-30], "damaged"),
    ):
        path.write_bytes(content)
        with pytest.raises(SourceError, match=f"cannot be read: .*{says}"):
            read(path)


def test_no_memory_is_taken_for_what_a_header_only_claims(tmp_path):
    file = io.BytesIO()
    np.save(file, EMBEDDINGS)
    at = file.getvalue().index(b"'shape'")
    claim = damaged(file.getvalue(), at, b"'shape': (9999999999999, 6), }")
    with zipfile.ZipFile(tmp_path / "e.npz", "w") as archive:
        archive.writestr("embedding.npy", claim)
    with pytest.raises(SourceError, match=r"e\.npz cannot be read: the file is damaged"):
        read(tmp_path / "e.npz")


def test_a_pytorch_file_is_called_one(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02.")
        archive.writestr("archive/data/0", EMBEDDINGS.tobytes())
    with pytest.raises(SourceError, match="is a PyTorch file") as error:
        read(tmp_path / "t.pt")
    assert "torch.load" in error.value.hint


def test_several_npy_files_are_not_joined_by_guess(tmp_path):
    np.save(tmp_path / "x0.npy", EMBEDDINGS[:9])
    np.save(tmp_path / "x1.npy", EMBEDDINGS[9:])
    with pytest.raises(SourceError, match="NPY file, which cannot be one of several") as error:
        read(tmp_path / "x*.npy", labels_file=tmp_path / "y.npy")
    assert "numpy.concatenate" in error.value.hint
