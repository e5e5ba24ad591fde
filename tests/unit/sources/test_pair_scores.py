"""Score tables of all formats: the numbers that Python reads, whatever the order of rows."""

import gzip
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pair_files import (
    DISTANCE,
    SIMILARITY,
    as_csv,
    by_hand,
    pair_table,
    read,
    write_as,
    written,
)

from opiscli.cli.options.pairs import Pairs
from opiscli.errors import OpisError, UsageError
from opiscli.sources import Selection, whole_lines
from opiscli.sources.pair_selection import PairSelection
from opiscli.sources.pairs import read_pairs

TABLE = pair_table()
FORMATS = ["s.csv", "s.tsv", "s.txt", "s.jsonl", "s.parquet", "s.arrow", "s.feather"]


def names_of(groups):
    """Names of the groups of each pair."""
    return [tuple(groups.names[code] for code in pair) for pair in groups.sides.T]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_what_python_reads(tmp_path, name):
    scores, same, sides = by_hand(as_csv(TABLE))
    found = read(write_as(TABLE, tmp_path / name), scores=SIMILARITY)
    assert (-found.distances).tolist() == scores
    assert found.is_positive.tolist() == same
    assert found.classes.names == tuple(sorted({one for pair in sides for one in pair}))
    assert names_of(found.classes) == sides
    assert found.kind is SIMILARITY
    assert found.score_column == "score"
    assert found.distance is None


def test_packed_and_piped_tables(tmp_path):
    packed = written(tmp_path, gzip.compress(as_csv(TABLE)), "s.csv.gz")
    plain = read(write_as(TABLE, tmp_path / "s.csv"), scores=DISTANCE)
    assert read(packed, scores=DISTANCE).sha256 == plain.sha256
    piped = read_pairs(
        "-", Selection(), PairSelection(scores=DISTANCE), contents=as_csv(TABLE, " ")
    )
    assert piped.sha256 == plain.sha256


def test_a_table_in_memory_is_read_like_a_file(tmp_path):
    in_memory = read_pairs(TABLE, Selection(), PairSelection(scores=DISTANCE))
    file = read(write_as(TABLE, tmp_path / "s.parquet"), scores=DISTANCE)
    assert in_memory.sha256 == file.sha256


def test_the_digest_depends_on_all_values_but_not_on_the_order_of_rows(tmp_path):
    def digest(table, **asked):
        return read(write_as(table, tmp_path / "s.csv"), scores=DISTANCE, **asked).sha256

    own = digest(TABLE)
    assert digest(TABLE.take(np.random.default_rng(1).permutation(len(TABLE)))) == own
    swapped = TABLE.rename_columns(["score", "same", "label_b", "label_a", "fold"])
    assert digest(swapped) == own
    others = [
        TABLE.set_column(0, "score", pa.array([5.0, *TABLE["score"].to_pylist()[1:]])),
        TABLE.drop_columns(["label_a", "label_b"]),
        TABLE.slice(1),
        pa.concat_tables([TABLE, TABLE.slice(0, 1)]),
    ]
    renamed = [name.as_py().replace("c8", "d8") for name in TABLE["label_a"]]
    also = [name.as_py().replace("c8", "d8") for name in TABLE["label_b"]]
    others.append(TABLE.set_column(2, "label_a", [renamed]).set_column(3, "label_b", [also]))
    digests = {own, *map(digest, others), digest(TABLE, cluster_column="fold")}
    assert len(digests) == len(others) + 2


def test_columns_in_files_are_the_same_as_in_memory(tmp_path):
    path = write_as(TABLE, tmp_path / "s.parquet")
    in_files = read(path, Selection(memory_limit=20_000), scores=DISTANCE)
    in_memory = read(path, scores=DISTANCE)
    assert in_files.distances.base is not None
    assert in_files.sha256 == in_memory.sha256
    assert in_files.distances.tolist() == in_memory.distances.tolist()
    assert names_of(in_files.classes) == names_of(in_memory.classes)
    for array in (in_files.distances, in_memory.is_positive, in_files.classes.sides):
        assert not array.flags.writeable


@pytest.mark.parametrize("name", ["s.csv", "s.txt"])
def test_blocks_of_lines_end_where_lines_end(tmp_path, name, monkeypatch):
    whole = read(write_as(TABLE, tmp_path / name), scores=DISTANCE).sha256
    for n_bytes in (1, 33, 47, 1000):
        monkeypatch.setattr(whole_lines, "_BYTES_AT_ONCE", n_bytes)
        assert read(tmp_path / name, scores=DISTANCE).sha256 == whole
        text = (tmp_path / name).read_bytes()
        ragged = written(tmp_path, text + b"0.5\n", f"ragged-{name}")
        with pytest.raises(OpisError, match="in line 302 "):
            read(ragged, scores=DISTANCE)


def test_rows_are_chosen_as_of_other_tables(tmp_path):
    path = write_as(TABLE, tmp_path / "s.csv")
    kept = [row for row in TABLE.to_pylist() if row["fold"] == "x" and row["label_a"] != "c3"]
    found = read(path, Selection(where=("fold=x",), exclude=("label_a=c3",)), scores=DISTANCE)
    assert found.distances.tolist() == [row["score"] for row in kept]
    with pytest.raises(OpisError, match="no rows of"):
        read(path, Selection(where=("fold=z",)), scores=DISTANCE)


@pytest.mark.parametrize(
    ("column", "kind"),
    [("cosine", SIMILARITY), ("Sim", SIMILARITY), ("dist", DISTANCE), ("l2", DISTANCE)],
)
def test_the_name_of_a_column_says_what_its_scores_are(tmp_path, column, kind):
    path = written(tmp_path, f"{column},is_duplicate\n1,True\n-0.0,False\n")
    assert read(path).kind is kind
    sign = -1 if kind is SIMILARITY else 1
    assert read(path).distances.tolist() == [sign, 0.0]
    assert math.copysign(1, read(path).distances[1]) == 1
    other = next(one for one in (SIMILARITY, DISTANCE) if one is not kind)
    assert read(path, scores=other).kind is other


SAME = ["1 0", "true False", "same different", "target nontarget", "genuine impostor", "1 -1",
        "mated non-mated", "positive negative", "duplicate not_duplicate", "yes no",
        "1.0 0.0"]  # fmt: skip


@pytest.mark.parametrize("values", SAME)
def test_two_values_say_whether_classes_are_the_same(tmp_path, values):
    same, different = values.split()
    path = written(tmp_path, f"dist,same\n0.1,{same}\n0.2,{different}\n0.3,{same}\n")
    assert read(path).is_positive.tolist() == [True, False, True]


@pytest.mark.parametrize("kind", [pa.bool_(), pa.int8(), pa.float64(), pa.string()])
def test_labels_of_any_type(tmp_path, kind):
    labels = pa.array([True, False, True])
    labels = labels.cast(pa.int8()).cast(kind) if kind != pa.bool_() else labels
    table = pa.table({"distance": [1.0, 2.0, 3.0], "y": labels})
    assert read(write_as(table, tmp_path / "s.parquet")).is_positive.tolist() == [1, 0, 1]


@pytest.mark.parametrize("kind", [pa.float16(), pa.float32(), pa.int32(), pa.decimal128(9, 2)])
def test_scores_of_any_type(tmp_path, kind):
    scores = pa.array(np.array([1, 2, 3], np.float16)).cast(pa.float32())
    scores = scores if kind == pa.float32() else scores.cast(kind)
    table = pa.table({"distance": scores, "same": [1, 0, 1]})
    with (tmp_path / "s.arrow").open("wb") as file, pa.ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    assert read(tmp_path / "s.arrow").distances.tolist() == [1, 2, 3]


def test_scores_need_not_be_written_plainly(tmp_path):
    path = written(tmp_path, "distance,same\n+0.5,1\n 1e-3 ,0\n.25,0\n")
    assert read(path).distances.tolist() == [0.5, 0.001, 0.25]


BAD = {
    "": (3, "is empty"),
    "distance,same\n": (4, "holds no pairs"),
    "distance,same\n1,1\n2,1\n": (4, "all 2 pairs of .* are of the same class"),
    "distance,same\n1,0\n2,0\n": (4, "all 2 pairs of .* are of different classes"),
    "distance,same\n1,1\nnan,0\n": (4, "row 1 .*has the score nan"),
    "distance,same\n1,1\n2,0\ninf,0\n": (4, "row 2 .*has the score inf"),
    "distance,same\n1,1\n,0\n": (4, "row 1 .*has no score"),
    "distance,same\n1,1\n2,0\n0;5,0\n": (4, "row 2 .*has the score '0;5'"),
    "distance,same\n1,1\n2,0\n3,2\n": (4, "column 'same' .*holds '0', '1', '2'"),
    "distance,same\n1,1\n2,0\n3,\n": (4, "row 2 .*has no value"),
    "distance,same\n1,A\n2,B\n": (4, "column 'same' .*holds 'A', 'B'"),
    "distance,same\n1,1\n2\n": (3, "has 1 cells in line 3"),
    "score,same\n1,1\n2,0\n": (2, "scores is needed"),
    "cosine,dist,same\n1,1,1\n2,1,0\n": (3, "has 2 columns that could be the score"),
    "distance,x\n1,1\n2,0\n": (3, "no column that says whether"),
    "distance,label_a,label_b\n1,x,x\n2,y,\n": (4, "row 1 .*has no value: column 'label_b'"),
    "distance,label_a,label_b\n1,x,x\n2,y,y\n": (
        4,
        "'label_a' and 'label_b' are equal in every row",
    ),
    "distance,same,label_a,label_b\n1,1,x,x\n2,1,y,x\n3,0,y,x\n": (4, "row 1 .*contradicts"),
    "distance,same,label_a,label_b\n1,1,x,x\n2,0,y,y\n3,0,y,x\n": (4, "row 1 .*contradicts"),
}


@pytest.mark.parametrize("text", BAD)
def test_bad_tables_are_explained(tmp_path, text):
    code, problem = BAD[text]
    with pytest.raises(OpisError, match=problem) as error:
        read(written(tmp_path, text))
    assert error.value.exit_code == code
    assert error.value.hint


ASKED = {
    "score_column": (3, "has no column 'nope'"),
    "same_column": (3, "has no column 'nope'"),
    "cluster_column": (3, "has no column 'nope'"),
    "class_column": (3, "has no column 'nope'"),
    "a_column": (3, "has no column 'nope'"),
    "trials": (3, "no such file"),
}


@pytest.mark.parametrize("option", ASKED)
def test_columns_and_files_that_are_not_there(tmp_path, option):
    code, problem = ASKED[option]
    value = Path("nope") if option == "trials" else "nope"
    with pytest.raises(OpisError, match=problem) as error:
        read(write_as(TABLE, tmp_path / "s.csv"), scores=DISTANCE, **{option: value})
    assert error.value.exit_code == code


def test_options_name_the_columns(tmp_path):
    table = TABLE.rename_columns(["s", "t", "u", "v", "w"])
    asked = Pairs(
        score_column="s", same_column="t", scores="similarity", a_column="u", b_column="v",
        cluster_column="w", class_column="u",
    )  # fmt: skip
    found = read_pairs(str(write_as(table, tmp_path / "s.csv")), Selection(), asked.selection())
    scores, same, sides = by_hand(as_csv(TABLE))
    assert (-found.distances).tolist() == scores
    assert found.is_positive.tolist() == same
    assert names_of(found.classes) == [(first,) for first, _ in sides]
    assert names_of(found.clusters) == [(fold,) for fold in TABLE["fold"].to_pylist()]
    with pytest.raises(UsageError, match="expected one of: similarity, distance"):
        Pairs(scores="likelihood").selection()
    with pytest.raises(UsageError, match="a_column was given without b_column"):
        read_pairs(table, Selection(), PairSelection(a_column="u", score_column="s"))


def test_options_are_refused_where_there_are_no_pairs(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(3))
    with pytest.raises(UsageError, match="NPY file, whose rows are not pairs"):
        read(tmp_path / "x.npy", scores=DISTANCE)
    with pytest.raises(UsageError, match=r"trials is for pairs .* run.opis is an evaluation"):
        PairSelection(trials=Path("t")).refuse_any("run.opis is an evaluation file")
    PairSelection().refuse_any("anything")
