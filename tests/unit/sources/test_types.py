"""However a column is stored, its values are read as they are, or refused by name."""

import uuid

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from stored_items import DIMS, EMBEDDINGS, LABELS, NAMES, N, assert_items, lists, table, write

from opiscli import EmbeddingError, SourceError, UsageError, read_embeddings
from opiscli.errors import OpisError
from opiscli.sources import Selection

TEXTS = pa.array(NAMES)
NUMBERS = pa.array(LABELS)
TENTHS = pa.array([f"{label}.1" for label in LABELS])
LARGE = [2**63 + int(label) for label in LABELS]
IDS = [uuid.UUID(int=int(label)) for label in LABELS]


def stored(folder, ending="arrow", **columns):
    return str(write(folder / f"e.{ending}", table(**columns)))


LABEL_COLUMNS = {
    "string_view": (TEXTS.cast(pa.string_view()), NAMES),
    "dictionary of views": (TEXTS.cast(pa.string_view()).dictionary_encode(), NAMES),
    "dictionary": (TEXTS.dictionary_encode(), NAMES),
    "large_string": (TEXTS.cast(pa.large_string()), NAMES),
    "binary": (TEXTS.cast(pa.binary()), NAMES),
    "binary_view": (TEXTS.cast(pa.binary_view()), NAMES),
    "fixed bytes": (TEXTS.cast(pa.binary()).cast(pa.binary(2)), NAMES),
    "run ends": (pc.run_end_encode(TEXTS), NAMES),
    "run ends of numbers": (pc.run_end_encode(NUMBERS), LABELS),
    "uuid": (pa.array([one.bytes for one in IDS], pa.uuid()), list(map(str, IDS))),
    "whole decimals": (NUMBERS.cast(pa.decimal128(38, 0)), LABELS),
    "decimals": (TENTHS.cast(pa.decimal128(30, 2)), [f"{label}.10" for label in LABELS]),
    "uint64": (pa.array(LARGE, pa.uint64()), LARGE),
    "bool": (pa.array(LABELS > 2), LABELS > 2),
    "dictionary of numbers": (NUMBERS.dictionary_encode(), LABELS),
}


@pytest.mark.parametrize("kind", LABEL_COLUMNS)
def test_labels(tmp_path, kind):
    column, names = LABEL_COLUMNS[kind]
    items = read_embeddings(stored(tmp_path, label=column))
    assert_items(items, names=names)


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (pa.array(LABELS / 2), "holds double, expected strings"),
        (NUMBERS.cast(pa.timestamp("s")), "holds timestamp"),
        (pa.array(LABELS.astype("i4")).cast(pa.date32()), "holds date32"),
        (pa.array([[name] for name in NAMES]), "holds list"),
        (pa.array([{"name": name} for name in NAMES]), "holds struct"),
        (pa.array([bytes([200 + label]) for label in LABELS]), "bytes that are not UTF-8"),
        (pa.nulls(N), "label (label) in row 0 is null"),
        (pa.array([None if k == 4 else n for k, n in enumerate(NAMES)]), "in row 4 is null"),
        (pa.array([*NAMES[:-1], None]).dictionary_encode(), f"in row {N - 1} is null"),
        (pc.run_end_encode(pa.array([*NAMES[:-1], None])), f"in row {N - 1} is null"),
        (pa.array([*NAMES[:-1], None], pa.string_view()), f"in row {N - 1} is null"),
        (pa.DictionaryArray.from_arrays(pa.array([1] * (N - 1) + [0]), [None, "a"]), "is null"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value.type),
)
def test_columns_that_are_no_labels(tmp_path, column, says):
    with pytest.raises(EmbeddingError) as refused:
        read_embeddings(stored(tmp_path, label=column))
    assert says in refused.value.problem


FLAT = lists()
EMBEDDING_COLUMNS = {
    "float16": lists(EMBEDDINGS.astype("f2")),
    "list": pa.array(EMBEDDINGS.tolist(), pa.list_(pa.float64())),
    "list_view": pa.array(EMBEDDINGS.tolist(), pa.list_view(pa.float32())),
    "large_list_view": pa.array(EMBEDDINGS.tolist(), pa.large_list_view(pa.float64())),
    "tensor": pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [DIMS]), FLAT),
    "row tensor": pa.ExtensionArray.from_storage(
        pa.fixed_shape_tensor(pa.float32(), [1, DIMS]), FLAT
    ),
    "dictionary": pa.DictionaryArray.from_arrays(
        pa.array(np.arange(N), pa.int16()), pa.array(EMBEDDINGS.tolist(), pa.list_(pa.float32()))
    ),
    "decimals": pa.array([[f"{x:.6f}" for x in row] for row in EMBEDDINGS.tolist()]).cast(
        pa.list_(pa.decimal128(20, 6))
    ),
    "text": pa.array([str(row) for row in EMBEDDINGS.tolist()]),
    "text without commas": pa.array([str(row).replace(",", "") for row in EMBEDDINGS.tolist()]),
    "text of views": pa.array([str(r) for r in EMBEDDINGS.tolist()]).cast(pa.string_view()),
    "text in braces": pa.array([f"{{{str(row)[1:-1]}}}" for row in EMBEDDINGS.tolist()]),
    "text with blanks": pa.array([f"  [ {str(r)[1:-1]} ]\n" for r in EMBEDDINGS.tolist()]),
}


@pytest.mark.parametrize("kind", EMBEDDING_COLUMNS)
def test_embeddings(tmp_path, kind):
    items = read_embeddings(stored(tmp_path, embedding=EMBEDDING_COLUMNS[kind]))
    if kind == "decimals":
        np.testing.assert_allclose(
            items.unit_rows.sum(), read_embeddings(stored(tmp_path)).unit_rows.sum(), rtol=1e-4
        )
    else:
        assert_items(items)


def with_row(row, value):
    rows = EMBEDDINGS.tolist()
    rows[row] = value
    return rows


FLOATS = pa.list_(pa.float32())


@pytest.mark.parametrize(
    ("column", "code", "says", "hint"),
    [
        (lists((EMBEDDINGS * 9).astype("i1")), 3, "lists of whole numbers", "unpackbits"),
        (lists((abs(EMBEDDINGS) * 9).astype("u1")), 3, "lists of whole numbers", "unpackbits"),
        (lists((abs(EMBEDDINGS) * 9).astype("u2")), 3, "lists of whole numbers", "convert them"),
        (pa.array([[row] for row in EMBEDDINGS.tolist()]), 3, "lists of lists", "one of them"),
        (pa.array([[{"x": 1.0}]] * N), 3, "struct<x: double>>", "--embedding-column"),
        (pa.array([row.tobytes() for row in EMBEDDINGS]), 3, "binary: bytes", "numpy.frombuffer"),
        (pa.array([[True] * DIMS] * N), 3, "lists of booleans, expected", "x * 2.0 - 1"),
        (pa.array(EMBEDDINGS[:, 0]), 3, "holds float, expected lists", "--embedding-column"),
        (pa.nulls(N), 3, "holds null", "--embedding-column"),
        (pa.array([[]] * N, FLOATS), 4, "embeddings have 0 dims", "again"),
        (pa.array([[]] * N, pa.list_(pa.float32(), 0)), 4, "embeddings have 0 dims", "again"),
        (pa.array(with_row(0, []), FLOATS), 4, "row 0 is an empty list", "again"),
        (pa.array(with_row(7, []), FLOATS), 4, "row 7 has 0 dims, expected 8", "one model"),
        (pa.array(with_row(7, [1.0, 2.0]), FLOATS), 4, "row 7 has 2 dims", "one model"),
        (pa.array(with_row(7, None), FLOATS), 4, "embedding in row 7 is null", "Drop"),
        (pa.array(with_row(0, None), FLOATS), 4, "embedding in row 0 is null", "Drop"),
        (
            pa.array(with_row(7, [None] + [1.0] * 7), FLOATS),
            4,
            "value in the embedding in row 7",
            "",
        ),
        (pa.array(with_row(7, [float("nan")] * 8), FLOATS), 4, "first in row 7", "Drop"),
        (pa.array(["[]"] * N), 4, "0 dims: row 0 is an empty list", "again"),
        (
            pa.array(["[1, 2]", "[1, two]"] * (N // 2) + ["[1, 2]"] * (N % 2)),
            4,
            "row 1 is no list",
            "",
        ),
        (pa.array(["a cat"] * N), 4, "row 0 is no list of numbers but 'a cat'", "[0.1, 0.2]"),
        (pa.array(["[0.1 0.2 ... 0.9]"] * N), 4, "is no list of numbers", "NumPy shortened"),
        (
            pa.array(["[1, 2]", "[1, 2, 3]"] * (N // 2) + ["[1, 2]"] * (N % 2)),
            4,
            "row 1 has 3 dims",
            "",
        ),
        (pa.array(["[1, 2]", None] * (N // 2) + ["[1, 2]"] * (N % 2)), 4, "row 1 is null", ""),
        (pa.array(["[1, null]"] * N), 4, "row 0 is no list of numbers", ""),
        (
            pa.array(["[[1, 2]]", "[1], [2]"] * (N // 2) + ["[1, 2]"] * (N % 2)),
            4,
            "row 1 is no",
            "",
        ),
    ],
    ids=lambda value: "" if not isinstance(value, str) else value,
)
def test_columns_that_are_no_embeddings(tmp_path, column, code, says, hint):
    with pytest.raises(OpisError) as refused:
        read_embeddings(stored(tmp_path, embedding=column))
    assert refused.value.exit_code == code
    problem, shown = refused.value.on_command_line
    assert says in problem
    assert hint in shown


def test_tensors_of_two_axes_are_no_vectors(tmp_path):
    kind = pa.fixed_shape_tensor(pa.float32(), [2, DIMS // 2])
    with pytest.raises(SourceError, match="tensors, expected one vector per row"):
        read_embeddings(stored(tmp_path, embedding=pa.ExtensionArray.from_storage(kind, FLAT)))


ODD = np.arange(N) % 2 == 1
SPLIT = pa.array(np.where(ODD, "test", "train"))
EVERY_CONDITION = {
    "text": (SPLIT, "test"),
    "view": (SPLIT.cast(pa.string_view()), "test"),
    "dictionary of views": (SPLIT.cast(pa.string_view()).dictionary_encode(), "test"),
    "dictionary": (SPLIT.dictionary_encode(), "test"),
    "run ends": (pc.run_end_encode(SPLIT), "test"),
    "bytes": (SPLIT.cast(pa.binary()), "test"),
    "bytes, some not text": (pa.array([b"test" if odd else b"\xff" for odd in ODD]), "test"),
    "bool": (pa.array(ODD), "true"),
    "bool, as Python says": (pa.array(ODD), "True"),
    "int": (pa.array(ODD.astype("i1")), "1"),
    "int with zeros": (pa.array(ODD.astype("i8")), "01"),
    "float": (pa.array(ODD / 4), "0.25"),
    "float32": (pa.array((ODD / 10).astype("f4")), "0.1"),
    "half": (pa.array((ODD / 4).astype("f2")), "0.25"),
    "nan": (pa.array(np.where(ODD, np.nan, 1.0)), "nan"),
    "decimal": (pa.array(np.where(ODD, "1.50", "2.00")).cast(pa.decimal128(9, 2)), "1.5"),
    "date": (pa.array(ODD.astype("i4")).cast(pa.date32()), "1970-01-02"),
    "time": (pa.array(ODD.astype("i8")).cast(pa.timestamp("s")), "1970-01-01 00:00:01"),
    "uuid": (
        pa.array([bytes(16) if not odd else bytes([1] * 16) for odd in ODD], pa.uuid()),
        "01010101-0101-0101-0101-010101010101",
    ),
    "empty": (pa.array(np.where(ODD, "", "x")), ""),
    "null": (pa.array([None if odd else "x" for odd in ODD]), ""),
    "null number": (pa.array([None if odd else 3 for odd in ODD]), ""),
    "value with =": (pa.array(np.where(ODD, "a=b", "a")), "a=b"),
    "null beside others": (pa.array(["test" if odd else None for odd in ODD]), "test"),
}


@pytest.mark.parametrize("kind", EVERY_CONDITION)
def test_where_takes_and_exclude_leaves_out_the_same_rows(tmp_path, kind):
    column, value = EVERY_CONDITION[kind]
    source = stored(tmp_path, split=column)
    condition = (f"split={value}",)
    assert_items(read_embeddings(source, Selection(where=condition)), ODD)
    assert_items(read_embeddings(source, Selection(exclude=condition)), ~ODD)


@pytest.mark.parametrize("ending", ["parquet", "arrow", "npz", "csv", "folder"])
def test_conditions_have_one_meaning_in_all_kinds_of_sources(tmp_path, ending):
    columns = {"split": SPLIT, "other": pa.array(np.arange(N) % 3).cast(pa.string())}
    path = tmp_path / f"e.{ending}"
    if ending == "npz":
        arrays = {name: np.array(column.to_pylist()) for name, column in columns.items()}
        np.savez(path, embedding=EMBEDDINGS, label=NAMES, **arrays)
    elif ending == "csv":
        import pyarrow.csv

        texts = pa.array([str(row) for row in EMBEDDINGS.tolist()])
        pyarrow.csv.write_csv(table(embedding=texts, **columns), path)
    else:
        write(path / "x.parquet" if ending == "folder" else path, table(**columns))
    rows = ODD & (np.arange(N) % 3 != 1) & (NAMES != "c2")
    chosen = Selection(where=("split=test",), exclude=("other=1", "label=c2"), with_pairs=False)
    assert_items(read_embeddings(str(path), chosen), rows)
    with pytest.raises(EmbeddingError, match=r"no rows .*that are not excluded match .*split=test"):
        read_embeddings(str(path), Selection(where=("split=test",), exclude=("split=test",)))


@pytest.mark.parametrize(
    ("chosen", "error", "says"),
    [
        ({"where": ("label!=c1",)}, UsageError, "!= is not supported"),
        ({"where": ("embedding=1",)}, UsageError, "holds fixed_size_list"),
        ({"exclude": ("size=big",)}, UsageError, "holds int64"),
        ({"exclude": ("size",)}, UsageError, "exclude size is not a condition"),
        ({"exclude": ("kind=1",)}, SourceError, "no column 'kind'"),
        ({"exclude": ("size=1",)}, EmbeddingError, "are left by exclude size=1"),
        ({"where": ("size=7",)}, EmbeddingError, "no rows of"),
        ({"where": ("when=2024-01-01",)}, EmbeddingError, "no rows of"),
        ({"where": ("when=soon",)}, UsageError, "holds timestamp"),
        ({"where": ("size=1", "label=zz")}, EmbeddingError, "match where size=1 where label=zz"),
    ],
)
def test_conditions_that_cannot_be_met(tmp_path, chosen, error, says):
    when = pa.array(np.arange(N)).cast(pa.timestamp("ns"))
    source = stored(tmp_path, size=pa.array([1] * N), when=when)
    with pytest.raises(error) as refused:
        read_embeddings(source, Selection(**chosen))
    assert says in refused.value.problem


def test_missing_labels_are_left_out_on_request(tmp_path):
    missing = np.arange(N) == 4
    source = stored(
        tmp_path,
        label=pa.array([None if gone else n for n, gone in zip(NAMES, missing, strict=True)]),
    )
    with pytest.raises(EmbeddingError) as refused:
        read_embeddings(source)
    assert "--exclude label=" in refused.value.on_command_line[1]
    assert_items(read_embeddings(source, Selection(exclude=("label=",))), ~missing)


def test_two_columns_of_one_name_are_refused_where_one_is_needed(tmp_path):
    twice = pa.Table.from_arrays([*table().columns, TEXTS], names=["embedding", "label", "label"])
    source = str(write(tmp_path / "e.parquet", twice))
    with pytest.raises(SourceError, match="has 2 columns 'label'"):
        read_embeddings(source)
    again = pa.Table.from_arrays([FLAT, FLAT, TEXTS, TEXTS], names=["x", "x", "kind", "label"])
    with pytest.raises(SourceError, match="has 2 columns 'x'"):
        read_embeddings(str(write(tmp_path / "x.parquet", again)), Selection(embedding="x"))
    other = pa.Table.from_arrays(
        [FLAT, TEXTS, TEXTS, TEXTS], names=["embedding", "x", "x", "label"]
    )
    assert_items(read_embeddings(str(write(tmp_path / "y.parquet", other))))


WIDE = {f"dim_{k}": pa.array(EMBEDDINGS[:, k]) for k in range(DIMS)}
SHUFFLED = dict(sorted({f"d{k}": pa.array(EMBEDDINGS[:, k % DIMS]) for k in range(12)}.items()))


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize(
    ("columns", "pattern"),
    [
        (WIDE, "dim_*"),
        (dict(reversed(WIDE.items())), "dim_*"),
        ({**WIDE, "dim_total": pa.array(NAMES)}, "dim_[0-9]"),
        ({name: column.cast(pa.float64()) for name, column in WIDE.items()}, "d*"),
        ({name: column.cast(pa.float16()) for name, column in WIDE.items()}, "dim_?"),
        ({name.removeprefix("dim_"): column for name, column in WIDE.items()}, "[0-9]*"),
        ({name: column.dictionary_encode() for name, column in WIDE.items()}, "dim_*"),
        ({n: column.cast(pa.float64()).cast(pa.string()) for n, column in WIDE.items()}, "dim_*"),
        ({f"e.{name}": column for name, column in WIDE.items()}, "e.dim*"),
        ({f"v{int(n[4:]) + 7:03d}": column for n, column in WIDE.items()}, "v*"),
    ],
)
def test_wide_tables(tmp_path, ending, columns, pattern):
    wide = pa.table({"label": pa.array(NAMES), **columns})
    source = str(write(tmp_path / f"e.{ending}", wide))
    assert_items(read_embeddings(source, Selection(embedding_columns=pattern)))


def test_wide_columns_are_in_the_order_of_their_numbers(tmp_path):
    source = str(write(tmp_path / "e.parquet", pa.table({"label": TEXTS, **SHUFFLED})))
    items = read_embeddings(source, Selection(embedding_columns="d*"))
    expected = np.hstack([EMBEDDINGS, EMBEDDINGS[:, :4]]).astype(float)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(items.unit_rows, expected[items.rows], atol=1e-6)


@pytest.mark.parametrize(
    ("columns", "chosen", "code", "says"),
    [
        (WIDE, {}, 3, "add --embedding-columns 'dim_*'"),
        ({"n_1": TEXTS, **WIDE}, {}, 3, "add --embedding-columns 'dim_*'"),
        ({str(k): column for k, column in enumerate(WIDE.values())}, {}, 3, "'[0-9]*'"),
        (WIDE, {"embedding_columns": "x_*"}, 3, "has no column like 'x_*'"),
        (WIDE, {"embedding_columns": "d*", "embedding": "dim_0"}, 2, "not both"),
        ({**WIDE, "dim_a": TEXTS}, {"embedding_columns": "dim_*"}, 4, "(column dim_a) has 'c0'"),
        ({**WIDE, "dim_b": FLAT}, {"embedding_columns": "dim_*"}, 3, "column 'dim_b'"),
        ({**WIDE, "dim_7": NUMBERS}, {"embedding_columns": "dim_*"}, 3, "column 'dim_7'"),
        (
            {**WIDE, "dim_7": pa.array([None] + [1.0] * (N - 1))},
            {"embedding_columns": "d*"},
            4,
            "row 0 (column dim_7) lacks a number",
        ),
        ({**WIDE, "dim_7": pa.array(["1,5"] * N)}, {"embedding_columns": "d*"}, 4, "decimal point"),
    ],
)
def test_wide_tables_that_cannot_be_read(tmp_path, columns, chosen, code, says):
    source = str(write(tmp_path / "e.parquet", pa.table({"label": TEXTS, **columns})))
    with pytest.raises(OpisError) as refused:
        read_embeddings(source, Selection(**chosen))
    assert refused.value.exit_code == code
    assert says in " ".join(refused.value.on_command_line)
