"""Files that are not read are recognised by their first bytes; only cut ones are called so."""

import io
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from stored_items import EMBEDDINGS, NAMES, N, assert_items, lists, table, write

from opiscli import SourceError, read_embeddings
from opiscli.errors import OpisError


def archive(*names):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as opened:
        for name in names:
            opened.writestr(name, "contents")
    return held.getvalue()


FOREIGN = {
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file", "h5py"),
    "SQLite": (b"SQLite format 3\0" + bytes(99), "an SQLite database", "opis evaluate sqlite://"),
    "DuckDB": (
        b"\x83\xd1\xb3s\x16\xbc\xb0\xb2DUCK" + bytes(99),
        "a DuckDB database",
        "duckdb://FILE",
    ),
    "pickle": (b"\x80\x04\x95\x10\0\0\0\0\0\0\0\x8c", "a Python pickle", "never unpickles"),
    "old pickle": (b"\x80\x02}q\0.", "a Python pickle", "numpy.save"),
    "safetensors": (
        (64).to_bytes(8, "little") + b'{"x":{"dtype":"F32"',
        "a safetensors",
        "load_file",
    ),
    "PyTorch": (archive("archive/data.pkl", "archive/data/0"), "a PyTorch file", "weights_only"),
    "PyTorch, named": (
        archive("model/byteorder", "model/data.pkl"),
        "a PyTorch file",
        "torch.load",
    ),
    "Excel": (archive("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook", "read_excel"),
    "Excel of openpyxl": (archive("docProps/app.xml", "xl/styles.xml"), "an Excel", "read_excel"),
    "old Excel": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99),
        "an old Excel file",
        "read_excel",
    ),
    "OpenDocument": (archive("mimetype", "content.xml"), "an OpenDocument file", "CSV"),
    "zip": (archive("e.csv", "notes.txt"), "holding: e.csv, notes.txt", "unzip"),
    "empty zip": (archive(), "holding: nothing", "numpy.savez"),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + bytes(9), "a gzip file", "gunzip"),
    "bzip2": (b"BZh91AY&SY", "a bzip2 file", "bunzip2"),
    "xz": (b"\xfd7zXZ\0\0\x04", "an xz file", "unxz"),
    "Zstandard": (b"\x28\xb5\x2f\xfd\x04\0", "a Zstandard file", "unzstd"),
    "tar": (b"e.parquet" + bytes(248) + b"ustar\x0000" + bytes(99), "a tar archive", "tar xf"),
    "Avro": (b"Obj\x01\x04\x14avro.codec", "an Avro file", "read_avro"),
    "ORC": (b"ORC\x08\x03\x10", "an ORC file", "read_orc"),
    "encrypted Parquet": (b"PARE" + bytes(99), "an encrypted Parquet file", "Decrypt"),
    "Git LFS": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "a Git LFS",
        "lfs pull",
    ),
    "HTML": (b"\n<!DOCTYPE html>\n<html>", "a web page", "download the file itself"),
    "html": (b"<html><head><title>Sign in</title>", "a web page", "download"),
    "XML": (
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>',
        "a web page or XML",
        "download",
    ),
    "JSON array": (b'[{"embedding": [1.0], "label": "a"}]', "a JSON array", "jq -c"),
    "macOS": (b"\0\5\x16\7\0\2\0\0Mac OS X        ", "a macOS resource file", "leading ._"),
    "UTF-16": ("label,dim_0\n".encode("utf-16"), "text in UTF-16", "iconv"),
    "empty": (b"", "is empty (0 bytes)", "again"),
    "noise": (bytes(range(1, 200)), "is no kind of file", "to_parquet"),
    "a sentence": (b"To be done.", "is no kind of file", "to_parquet"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_kind_that_is_not_read_is_named_with_the_conversion(tmp_path, kind):
    contents, says, hint = FOREIGN[kind]
    for name in ("e.parquet", "e.csv") if kind not in ("noise", "a sentence") else ("e.parquet",):
        with pytest.raises(SourceError) as refused:
            read_embeddings(str(write(tmp_path / name, contents)))
        assert says in refused.value.problem
        assert hint in refused.value.hint
        assert "cut off" not in str(refused.value)


@pytest.mark.parametrize("kind", [kind for kind in FOREIGN if kind != "noise"])
def test_the_same_on_standard_input(kind):
    contents, says, _ = FOREIGN[kind]
    with pytest.raises(SourceError) as refused:
        read_embeddings("-", contents=contents)
    assert says in refused.value.problem
    assert "standard input" in refused.value.problem


def contents_of(folder, kind):
    """The items as a file of a kind."""
    stream = io.BytesIO()
    match kind:
        case "stream":
            with pa.ipc.new_stream(stream, table().schema) as writer:
                writer.write_table(table(), max_chunksize=4)
        case "npy":
            np.save(stream, EMBEDDINGS)
        case "npz":
            np.savez(stream, embedding=EMBEDDINGS, label=NAMES)
        case _:
            return write(folder / f"e.{kind}", table()).read_bytes()
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["parquet", "arrow", "stream"])
def test_tables_on_standard_input(tmp_path, kind):
    assert_items(read_embeddings("-", contents=contents_of(tmp_path, kind)))


@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_arrays_on_standard_input_are_refused(tmp_path, kind):
    with pytest.raises(
        SourceError, match=f"an {kind.upper()} file, which cannot be read from a pi"
    ):
        read_embeddings("-", contents=contents_of(tmp_path, kind))


@pytest.mark.parametrize("cut", [9, 40, 0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("kind", ["parquet", "arrow"])
@pytest.mark.parametrize("where", ["file", "folder", "stdin"])
def test_what_is_cut_off_may_be_cut_off(tmp_path, kind, cut, where):
    whole = contents_of(tmp_path, kind)
    part = whole[: cut if cut >= 1 else int(len(whole) * cut)]
    source = write(tmp_path / "f" / ("x.parquet" if where == "folder" else "x"), part)
    name = {"file": source, "folder": source.parent, "stdin": "-"}[where]
    with pytest.raises(SourceError, match=r"cannot be read.*cut off") as refused:
        read_embeddings(str(name), contents=part if where == "stdin" else None)
    assert ("standard input" if where == "stdin" else str(source)) in refused.value.problem


@pytest.mark.parametrize("at", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("kind", ["parquet", "arrow", "stream"])
def test_bytes_that_were_changed_never_end_in_a_traceback(tmp_path, kind, at):
    contents = bytearray(contents_of(tmp_path, kind))
    rng = np.random.default_rng(int(at * 10))
    start = int(len(contents) * at)
    contents[start : start + 40] = rng.bytes(40)
    try:
        read_embeddings("-", contents=bytes(contents))
    except OpisError as refused:
        assert refused.exit_code in (3, 4)  # noqa: PT017


def test_places_outside_an_arrow_file_are_refused_with_the_column(tmp_path):
    codes = np.arange(N, dtype="i1") % 6
    labels = pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(list("abcdef")))
    contents = bytearray(write(tmp_path / "e.arrow", table(label=labels)).read_bytes())
    first = contents.index(codes.tobytes())
    for bad in (7, 255):
        contents[first] = bad
        with pytest.raises(SourceError, match=r"damaged.*column 'label'"):
            read_embeddings(str(write(tmp_path / "bad.arrow", bytes(contents))))


def test_causes_that_have_nothing_to_do_with_a_cut(tmp_path):
    rows = table().slice(0, 4)
    twice = pa.Table.from_arrays(
        [lists(), *[pa.array(NAMES)] * 2], names=["embedding", "label", "label"]
    )
    pq.write_table(twice, tmp_path / "twice.parquet")
    write(tmp_path / "kinds/a.parquet", rows)
    write(tmp_path / "kinds/b.parquet", rows.set_column(1, "label", [[1, 2, 3, 4]]))
    (tmp_path / "gone.parquet").symlink_to("nowhere")
    for name in ("twice.parquet", "kinds", "gone.parquet", "none.parquet"):
        with pytest.raises(SourceError) as refused:
            read_embeddings(str(tmp_path / name))
        assert "cut off" not in str(refused.value) + refused.value.hint
