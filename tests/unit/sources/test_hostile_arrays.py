"""Damaged and hostile NPY, NPZ and label files: explained, before memory is taken for them."""

import io
import os
import struct
import zipfile

import numpy as np
import pytest
from conftest import clusters

from opiscli import EmbeddingSet, OpisError, SourceError, UsageError, read_embeddings
from opiscli.sources import Selection
from opiscli.sources.npy_file import open_matrix

EMBEDDINGS, NUMBERS = clusters(n_classes=6, dims=4, sizes=(3, 6))
EMBEDDINGS = EMBEDDINGS.astype("f4")
N = len(NUMBERS)
SOME = 10**7
"""A memory limit in bytes."""


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def header(text, version=1):
    text = text if isinstance(text, bytes) else text.encode()
    return (
        b"\x93NUMPY"
        + bytes([version, 0])
        + struct.pack("<H" if version == 1 else "<I", len(text))
        + text
    )


def described(shape, kind="'<f4'"):
    return header(f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}, }}\n")


GOOD = npy(EMBEDDINGS)
LABELS = npy(NUMBERS)


def read(tmp_path, embeddings=GOOD, labels=LABELS, name="y.npy"):
    (tmp_path / "x.npy").write_bytes(embeddings)
    (tmp_path / name).write_bytes(labels)
    selection = Selection(labels_file=tmp_path / name, memory_limit=SOME)
    return read_embeddings(str(tmp_path / "x.npy"), selection)


@pytest.mark.parametrize(
    "start",
    [
        header(b"(" * 9000 + b"\n"),
        header(b"-" * 9000 + b"1\n"),
        header(b"{'descr': (((\n"),
        header(b"[" * 60000 + b"\n"),
        header("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", version=9),
        described("(24, -4)"),
        described("(99999999999999999999999, 1)"),
        described("(2000000000, 2000000000, 2000000000)"),
        described("(2684354560, 1)"),
        described("(4,)", "'(1000000000,)f4'"),
        described("(4, 4)", "'<U500000000'"),
        described("(1000000000000, 1)", "'V0'"),
        described("(" + "1, " * 200 + ")"),
    ],
)  # fmt: skip
def test_a_header_that_means_no_good(tmp_path, start):
    for given in ({"embeddings": start + GOOD[128:]}, {"labels": start + LABELS[128:]}):
        with pytest.raises(SourceError, match=r"cannot be read|bytes more"):
            read(tmp_path, **given)


def test_characters_that_do_not_exist(tmp_path):
    for kind in ("<U2", ">U2"):
        damaged = npy(np.array(["ab"] * N, dtype=kind))[:-4] + b"\xff\xff\xff\x7f"
        with pytest.raises(SourceError, match="damaged"):
            read(tmp_path, labels=damaged)


def test_more_values_than_the_header_says(tmp_path):
    with pytest.raises(SourceError, match=r"7 bytes more than .*\(\d+, 4\).*several arrays"):
        read(tmp_path, GOOD + b"1234567")


def test_a_file_that_shrinks_while_it_is_read(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.ones((400_000, 4), "f4"))
    blocks = open_matrix(path, str(path)).blocks()
    assert next(blocks).shape[1] == 4
    os.truncate(path, 5000)
    with pytest.raises(SourceError, match="cut off"):
        list(blocks)


@pytest.mark.parametrize("sparse", ["x.npy", "y.npy", "y.txt"])
def test_files_beyond_the_memory_limit_are_refused_at_once(tmp_path, sparse):
    n = 5 * 10**8
    for name, kind, shape in (("x.npy", "'<f4'", f"({n}, 4)"), ("y.npy", f"'<U{n}'", f"({N},)")):
        start = described(shape, kind) if name == sparse else {"x.npy": GOOD, "y.npy": LABELS}[name]
        (tmp_path / name).write_bytes(start)
        if name == sparse:
            with (tmp_path / name).open("r+b") as file:
                file.truncate(len(start) + (16 * n if name == "x.npy" else 4 * n * N))
    if sparse == "y.txt":
        with (tmp_path / sparse).open("wb") as file:
            file.truncate(n)
    labels = tmp_path / (sparse if sparse.startswith("y") else "y.npy")
    with pytest.raises(UsageError, match="memory_limit is 10 MB"):
        read_embeddings(str(tmp_path / "x.npy"), Selection(labels_file=labels, memory_limit=SOME))


def test_far_too_many_labels_are_counted_not_kept(tmp_path):
    for name, text in (("y.txt", "\n" * 999), ("y.csv", "label\n" + "a\n" * 998)):
        with pytest.raises(OpisError, match=rf"{N} embeddings but 99\d labels"):
            read(tmp_path, labels=text.encode(), name=name)


def zipped(tmp_path, compression=zipfile.ZIP_STORED, **members):
    path = tmp_path / "e.npz"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, contents in {"embedding.npy": GOOD, "label.npy": LABELS, **members}.items():
            archive.writestr(name, contents)
    return path


def test_more_in_an_archive_than_its_headers_say(tmp_path):
    path = zipped(tmp_path, **{"embedding.npy": GOOD + b"more"})
    with pytest.raises(SourceError, match="damaged"):
        read_embeddings(str(path))


def test_an_array_beyond_the_memory_limit_is_not_unpacked(tmp_path):
    path = zipped(
        tmp_path, zipfile.ZIP_DEFLATED, **{"embedding.npy": npy(np.zeros((N, 200_000), "f4"))}
    )
    assert path.stat().st_size < 30_000
    with pytest.raises(UsageError, match=r"array 'embedding' .* needs 18 MB"):
        read_embeddings(str(path), Selection(memory_limit=SOME))


def test_an_archive_of_very_many_members_is_not_opened(tmp_path):
    members = {f"{number}.npy": b"" for number in range(20_000)}
    with pytest.raises(SourceError, match="list of members has more than 1 MB"):
        read_embeddings(str(zipped(tmp_path, **members)))


def test_two_arrays_of_one_name(tmp_path):
    with pytest.raises(SourceError, match="two arrays 'label'"):
        read_embeddings(str(zipped(tmp_path, label=LABELS)))


@pytest.mark.parametrize(
    "compression",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
)
def test_a_damaged_archive_is_never_read_as_other_data(tmp_path, compression):
    path = zipped(tmp_path, compression)
    whole = path.read_bytes()
    expected = EmbeddingSet.from_arrays(EMBEDDINGS, NUMBERS).sha256
    rng = np.random.default_rng(0)
    n_read = 0
    for position in rng.integers(0, len(whole), size=150).tolist():
        damaged = bytearray(whole)
        damaged[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged)
        try:
            items = read_embeddings(str(path), Selection(memory_limit=SOME))
        except OpisError:
            continue
        n_read += 1
        assert items.sha256 == expected
    assert n_read < 150


@pytest.mark.parametrize("kind", [">f2", ">f4", ">f8", "<f8"])
def test_any_byte_order(tmp_path, kind):
    stored = EMBEDDINGS.astype(kind)
    expected = EmbeddingSet.from_arrays(stored.astype(kind.replace(">", "<")), NUMBERS)
    order = ">i2" if kind[0] == ">" else "<u4"
    items = read(tmp_path, npy(stored), npy(NUMBERS.astype(order)))
    np.testing.assert_array_equal(items.vectors, expected.vectors)
    assert items.names == expected.names
