"""Which files are read, and that the path of a file says nothing about its rows unless asked."""

import json
import os

import numpy as np
import pyarrow as pa
import pytest
from stored_items import EMBEDDINGS, HALVES, LABELS, NAMES, N, assert_items, lists, table, write

from opiscli import SourceError, read_embeddings
from opiscli.errors import OpisError
from opiscli.sources import Selection

FIRST, SECOND = HALVES
WHOLE_IN_TWO = {"a.parquet": table(FIRST), "b.parquet": table(SECOND)}


def stored(folder, files):
    for name, contents in files.items():
        write(folder / name, contents)
    return folder


@pytest.mark.parametrize(
    "files",
    [
        WHOLE_IN_TWO,
        {"A.PARQUET": table(FIRST), "b.Pq": table(SECOND)},
        {"part-0": table(FIRST), "part-1": table(SECOND)},
        {
            "x.parquet/part-0.snappy.parquet": table(FIRST),
            "x.parquet/part-1.parquet": table(SECOND),
        },
        {"[1].parquet": table(FIRST), "[2]?*.parquet": table(SECOND)},
        {**WHOLE_IN_TWO, "_SUCCESS": b"", "_metadata": b"PAR1", ".a.parquet.crc": b"crc"},
        {**WHOLE_IN_TWO, "part-0.parquet.crc": b"crc", "README.md": "notes", "x.json": "{}"},
        {**WHOLE_IN_TWO, ".ipynb_checkpoints/a-checkpoint.parquet": table()},
        {**WHOLE_IN_TWO, "_old/a.parquet": table(), "._a.parquet": b"\0\5\x16\7Mac OS X"},
        {"a/b/c/d.parquet": table(FIRST), "e.parquet": table(SECOND)},
        {"day=1/a.parquet": table(FIRST), "day=2/b.parquet": table(SECOND)},
        {"=x/a.parquet": table(FIRST), "b.parquet": table(SECOND)},
        {"a.parquet": table(FIRST), "b.parquet": table(SECOND, extra=np.arange(N - N // 2))},
        {
            "a.parquet": table(FIRST, x=["t"] * (N // 2)),
            "b.parquet": table(SECOND, x=LABELS[SECOND]),
        },
    ],
    ids=lambda files: " ".join(files),
)
def test_a_folder_is_the_parquet_files_in_it(tmp_path, files):
    assert_items(read_embeddings(str(stored(tmp_path / "f", files))))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"label": LABELS[FIRST].astype("i4")}, {"label": LABELS[SECOND].astype("i8")}),
        ({"label": LABELS[FIRST].astype("u1")}, {"label": LABELS[SECOND].astype("i2")}),
        ({"label": LABELS[FIRST].astype("u4")}, {"label": LABELS[SECOND].astype("i8")}),
    ],
)
def test_whole_numbers_of_different_width_are_one_column(tmp_path, first, second):
    files = {"a.parquet": table(FIRST, **first), "b.parquet": table(SECOND, **second)}
    assert_items(read_embeddings(str(stored(tmp_path / "f", files))), names=LABELS)


@pytest.mark.parametrize("width", [1, 2, 4])
def test_unsigned_numbers_that_fit_into_no_signed_ones_of_their_width(tmp_path, width):
    large = (LABELS + 2 ** (8 * width - 1)).astype(f"u{width}")
    files = {
        "a.parquet": table(FIRST, label=large[FIRST]),
        "b.parquet": table(SECOND, label=LABELS[SECOND].astype(f"i{width}")),
    }
    names = np.concatenate([large[FIRST].astype("i8"), LABELS[SECOND]])
    assert_items(read_embeddings(str(stored(tmp_path / "f", files))), names=names)


@pytest.mark.parametrize(
    "kind",
    [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()), pa.binary()],
    ids=str,
)
def test_texts_however_stored_are_one_column(tmp_path, kind):
    texts = pa.array(NAMES[SECOND])
    column = texts.dictionary_encode() if pa.types.is_dictionary(kind) else texts.cast(kind)
    if pa.types.is_binary(kind):
        files = {"a.parquet": table(FIRST), "b.parquet": table(SECOND, label=column)}
        with pytest.raises(
            SourceError, match=r"holds string in .*a\.parquet, but binary in .*b\.p"
        ):
            read_embeddings(str(stored(tmp_path / "f", files)))
        return
    files = {"a.parquet": table(FIRST), "b.arrow": table(SECOND, label=column)}
    assert_items(read_embeddings(f"{stored(tmp_path / 'f', files)}/*"))


@pytest.mark.parametrize(
    "second",
    [
        lists(EMBEDDINGS[SECOND].astype("f2")),
        lists(EMBEDDINGS[SECOND].astype("f8")),
        pa.array(EMBEDDINGS[SECOND].tolist(), pa.list_(pa.float64())),
        pa.array(EMBEDDINGS[SECOND].tolist(), pa.large_list(pa.float32())),
    ],
    ids=lambda column: str(column.type),
)
def test_embeddings_of_different_precision_are_one_column(tmp_path, second):
    files = {"a.parquet": table(FIRST), "b.parquet": table(SECOND, embedding=second)}
    assert_items(read_embeddings(str(stored(tmp_path / "f", files))))


LISTS = pa.array(EMBEDDINGS[FIRST].tolist(), pa.list_(pa.float32()))
SHORT = EMBEDDINGS[SECOND, :3]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {"label": LABELS[SECOND]}),
        ({"label": LABELS[FIRST]}, {"label": LABELS[SECOND].astype(float)}),
        ({"label": LABELS[FIRST]}, {"label": LABELS[SECOND].astype("u8")}),
        ({"label": LABELS[FIRST]}, {"label": LABELS[SECOND] > 3}),
        ({}, {"embedding": lists(SHORT)}),
        ({}, {"embedding": pa.array(map(str, EMBEDDINGS[SECOND].tolist()))}),
        ({}, {"embedding": lists(EMBEDDINGS[SECOND].astype("i1"))}),
        ({"embedding": LISTS}, {"embedding": lists(SHORT)}),
        ({"embedding": LISTS}, {"embedding": pa.array(SHORT.tolist(), pa.list_(pa.float32()))}),
        ({}, {"label": pa.array([[name] for name in NAMES[SECOND]])}),
    ],
    ids=lambda columns: str([pa.array(column).type for column in columns.values()]),
)
def test_what_differs_between_two_files_is_refused_with_both_named(tmp_path, first, second):
    files = {"a.parquet": table(FIRST, **first), "b.parquet": table(SECOND, **second)}
    with pytest.raises(OpisError, match=r"a\.parquet") as refused:
        read_embeddings(str(stored(tmp_path / "f", files)))
    assert "b.parquet" in str(refused.value)


def test_a_column_that_one_file_lacks_is_refused_where_it_is_needed(tmp_path):
    kind = pa.array(NAMES[FIRST])
    files = {"a.parquet": table(FIRST, kind=kind), "b.parquet": table(SECOND)}
    source = str(stored(tmp_path / "f", files))
    assert_items(read_embeddings(source))
    for asked in (
        Selection(label="kind"),
        Selection(where=("kind=c1",)),
        Selection(show=("kind",)),
    ):
        with pytest.raises(SourceError, match=r"b\.parquet has no column 'kind', but .*a\.parquet"):
            read_embeddings(source, asked)


@pytest.mark.parametrize(
    ("folders", "where", "rows"),
    [
        (("split=train", "split=test"), "split=test", SECOND),
        (("label2=a%2Fb", "label2=a%20b"), "label2=a/b", FIRST),
        (("k=007", "k=7"), "k=7", SECOND),
        (("k=__HIVE_DEFAULT_PARTITION__", "k=1"), "k=", FIRST),
        (("k=a=b", "k=c"), "k=a=b", FIRST),
        (("y=2024/m=01", "y=2024/m=1"), "m=01", FIRST),
        (("y=1/m=2", "y=2"), "m=2", FIRST),
        (("a/k=1", "k=2/b"), "k=2", SECOND),
        (("ключ=да", "ключ=нет"), "ключ=нет", SECOND),
        (("k=", "k=1"), "k=1", SECOND),
        (("k%20l=1", "k%20l=2"), "k l=1", FIRST),
    ],
)
def test_keys_of_folders_are_text_as_it_is_written(tmp_path, folders, where, rows):
    for folder, half in zip(folders, HALVES, strict=True):
        write(tmp_path / "f" / folder / "x.parquet", table(half))
    chosen = Selection(where=(where,), with_pairs=False)
    for source in ("f", "f/**/*.parquet"):
        assert_items(read_embeddings(str(tmp_path / source), chosen), rows)


def test_labels_may_be_keys_of_folders(tmp_path):
    for name in np.unique(NAMES):
        rows = name == NAMES
        items = table(rows).drop_columns(["label"])
        write(tmp_path / "f" / f"label=0{name[1:]}" / "x.parquet", items)
    assert read_embeddings(str(tmp_path / "f")).names == ("00", "01", "02", "03", "04", "05")


@pytest.mark.parametrize("source", ["f", "f/*", "f/*/*", "f/*/*/e.parquet", "f/label=*/split=*/*"])
@pytest.mark.parametrize("label", ["coarse", "3", "c1"])
def test_a_key_that_is_also_a_column_is_refused_with_both_named(tmp_path, source, label):
    write(tmp_path / "f" / f"label={label}" / "split=test" / "e.parquet", table())
    with pytest.raises(SourceError, match=rf"e\.parquet has a column 'label'.*label={label}/split"):
        read_embeddings(str(tmp_path / source))


def test_a_key_of_one_file_that_is_a_column_of_another_is_refused(tmp_path):
    write(tmp_path / "f/label=1/a.parquet", table(FIRST).drop_columns(["label"]))
    write(tmp_path / "f/b.parquet", table(SECOND))
    with pytest.raises(SourceError, match=r"column of .*b\.parquet but a folder name of .*label=1"):
        read_embeddings(str(tmp_path / "f"))


@pytest.mark.parametrize(
    "folder", ["label=coarse", "label=3/split=test", "embedding=1", "=", "a=b=c", "_hidden", ".h"]
)
def test_a_single_file_is_read_as_if_it_lay_anywhere(tmp_path, folder):
    split = pa.array(["train"] * N)
    path = write(tmp_path / folder / "e.parquet", table(split=split))
    assert_items(read_embeddings(str(path)))
    assert_items(read_embeddings(str(path), Selection(where=("split=train",))))


@pytest.mark.parametrize(
    "name",
    ["e.parquet", "e", "e.csv", "e.PARQUET", "e[1].parquet", "*.parquet", "e?", "-", "é 1.p"],
)
def test_the_name_of_a_file_says_nothing_about_its_kind(tmp_path, monkeypatch, name):
    monkeypatch.chdir(write(tmp_path / "f" / name, table()).parent)
    assert_items(read_embeddings(name if name != "-" else "./-"))


@pytest.mark.parametrize(
    "pattern",
    ["f/*", "f/?.parquet", "f/[ab].parquet", "f*/*.parquet", "**/[ab].parquet", "f", "./f/../f/*"],
)
def test_patterns(tmp_path, monkeypatch, pattern):
    stored(tmp_path / "f", {**WHOLE_IN_TWO, "_c.parquet": table(), ".d.parquet": table()})
    monkeypatch.chdir(tmp_path)
    assert_items(read_embeddings(pattern))


@pytest.mark.parametrize("pattern", ["f/_*", "f/_c.*", "_g/*", "f/.d*", "_g", "_*/a*", "_g/a.*"])
def test_patterns_and_folders_that_name_what_is_hidden(tmp_path, monkeypatch, pattern):
    stored(tmp_path / "f", {"_c.parquet": table(), ".d.parquet": table(), "e.parquet": b"no"})
    stored(tmp_path / "_g", {"a.parquet": table()})
    monkeypatch.chdir(tmp_path)
    assert_items(read_embeddings(pattern))


def test_brackets_in_the_name_of_a_folder_are_letters_if_there_is_such_a_folder(tmp_path):
    folder = stored(tmp_path / "run[2]", WHOLE_IN_TWO)
    assert_items(read_embeddings(f"{folder}/*.parquet"))
    assert_items(read_embeddings(str(folder)))


def test_links_are_followed_once(tmp_path):
    stored(tmp_path / "real", WHOLE_IN_TWO)
    (tmp_path / "f").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "f" / "linked")
    os.symlink(tmp_path / "f", tmp_path / "f" / "loop")
    assert_items(read_embeddings(str(tmp_path / "f")))
    os.symlink("nowhere", tmp_path / "f" / "gone.parquet")
    with pytest.raises(SourceError, match=r"gone\.parquet cannot be read: No such file"):
        read_embeddings(str(tmp_path / "f"))


LAKES = {
    "Delta": "_delta_log/00000000000000000000.json",
    "Hudi": ".hoodie/hoodie.properties",
    "Iceberg": "metadata/00000-1.metadata.json",
    "Lance": "_versions/1.manifest",
}


@pytest.mark.parametrize("kind", LAKES)
@pytest.mark.parametrize("source", ["t/data", "t/data/*.parquet", "", "*", "t/data/day=1"])
def test_files_of_a_table_with_a_log_are_refused(tmp_path, kind, source):
    write(tmp_path / "t" / LAKES[kind], json.dumps({}))
    path = write(tmp_path / "t/data/part-0.parquet", table())
    write(tmp_path / "t/data/day=1/part-0.parquet", table())
    with pytest.raises(SourceError, match=f"t is a table in the {kind} format") as refused:
        read_embeddings(str(tmp_path / source))
    assert ("Export it" if kind == "Hudi" else "Name the table itself") in refused.value.hint
    assert_items(read_embeddings(str(path)))


@pytest.mark.parametrize(
    ("files", "source", "says"),
    [
        ({"a.npy": b"\x93NUMPY"}, "f", "holds no .parquet file (but files named .npy)"),
        ({"_a/b.parquet": b"PAR1"}, "f", "holds no .parquet file"),
        ({"a.txt": "hello"}, "f", "but files named .txt"),
        ({"a.npy": b"\x93NUMPY", "b.npy": b"\x93NUMPY"}, "f/*", "is an NPY file, which cannot be"),
        ({"a.npz": b"PK\x03\x04"}, "f/*", "is an NPZ file, which cannot be one of several"),
        ({"a.parquet": "version https://git-lfs.github.com/spec/v1"}, "f", "a Git LFS pointer"),
        ({"a.parquet": b""}, "f", "a.parquet is empty"),
        ({"a.parquet": b"PAR1 cut off"}, "f", "a.parquet cannot be read"),
        ({"a.parquet": "<html>404"}, "f/*.parquet", "a web page"),
        ({}, "f/*.parquet", "no such file or folder"),
        ({}, "f", "no such file or folder"),
        ({"a.parquet": b"PAR1"}, "f/[b].parquet", "no such file or folder"),
    ],
)
def test_folders_and_patterns_without_what_is_read(tmp_path, monkeypatch, files, source, says):
    stored(tmp_path / "f", files)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError) as refused:
        read_embeddings(source)
    assert says in refused.value.problem
