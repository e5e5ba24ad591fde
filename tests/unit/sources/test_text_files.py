"""CSV and JSONL: text as it is written, numbers as they are meant, and every bad line named."""

import gzip
import json

import numpy as np
import pytest
from stored_items import DIMS, EMBEDDINGS, LABELS, NAMES, N, assert_items, write

from opiscli import EmbeddingSet, read_embeddings
from opiscli.errors import OpisError
from opiscli.sources import Selection

WIDE = Selection(embedding_columns="dim_*")
HEADER = "label," + ",".join(f"dim_{k}" for k in range(DIMS))
ROWS = [f"{name},{','.join(map(str, row))}" for name, row in zip(NAMES, EMBEDDINGS.tolist(), strict=True)]  # noqa: E501  # fmt: skip
CSV = "\n".join([HEADER, *ROWS, ""])
LISTS = "label,embedding\n" + "".join(
    f'{name},"{row}"\n' for name, row in zip(NAMES, EMBEDDINGS.tolist(), strict=True)
)
OBJECTS = [
    {"label": str(name), "embedding": row, "n": k}
    for k, (name, row) in enumerate(zip(NAMES, EMBEDDINGS.tolist(), strict=True))
]


def jsonl(objects=OBJECTS, **row_7):
    """Lines of JSON; keywords are other values of row 7, ``...`` is none."""
    changed = [row | row_7 if k == 7 else row for k, row in enumerate(objects)]
    kept = ({name: one for name, one in row.items() if one is not ...} for row in changed)
    return "".join(json.dumps(row) + "\n" for row in kept)


WRITTEN = {
    "e.csv": CSV,
    "no line end.csv": CSV[:-1],
    "bom.csv": "\ufeff" + CSV,
    "windows.csv": CSV.replace("\n", "\r\n"),
    "semicolons.csv": CSV.replace(",", ";"),
    "bars.csv": CSV.replace(",", "|"),
    "e.tsv": CSV.replace(",", "\t"),
    "tabs.csv": CSV.replace(",", "\t"),
    "blanks.csv": CSV.replace(",", " , ").replace(" , ", ", "),
    "blank lines.csv": "\n" + CSV.replace("\n", "\n\n"),
    "quoted.csv": "\n".join(",".join(f'"{c}"' for c in line.split(",")) for line in CSV.split()),
    "no suffix": CSV,
    "CAPITALS.CSV": CSV,
    "table.parquet": CSV,
    "e.csv.gz": gzip.compress(CSV.encode()),
    "packed.csv": gzip.compress(CSV.encode()),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_wide_csv(tmp_path, name):
    assert_items(read_embeddings(str(write(tmp_path / name, WRITTEN[name])), WIDE))


@pytest.mark.parametrize("name", ["e.csv", "e.tsv", "blank lines.csv", "e.csv.gz"])
def test_csv_on_standard_input(name):
    contents = WRITTEN[name]
    contents = contents if isinstance(contents, bytes) else contents.encode()
    assert_items(read_embeddings("-", WIDE, contents=contents))


@pytest.mark.parametrize(
    "text",
    [
        LISTS,
        LISTS.replace("[", "{").replace("]", "}"),
        LISTS.replace("[", "").replace("]", ""),
        LISTS.replace('"', "").replace(", ", " "),
        LISTS.replace('"', "").replace(", ", "  ").replace("[", "[ "),
        LISTS.replace("label,", "label\t").replace(',"', '\t"'),
        LISTS.replace("label,", "label;").replace(',"', ';"'),
        LISTS.replace("[", "[\n").replace(", ", ",\n"),
        LISTS.replace("[", "[ ").replace(", ", ","),
        LISTS.replace("label,embedding", "label,embedding,more").replace(']"', ']",x'),
        LISTS.replace("label,", " label ,"),
    ],
    ids=range(11),
)
def test_csv_with_lists_as_text(tmp_path, text):
    assert_items(read_embeddings(str(write(tmp_path / "e.csv", text))))


@pytest.mark.parametrize(
    "labels",
    [
        ["007", "7", "7.0", "07", "+7", "7e0"],
        ["nan", "NaN", "null", "None", "NA", ""],
        ["true", "True", "TRUE", "1", "yes", "false"],
        ["2024-01-01", "2024-1-1", "01.01.2024", "20240101", "1", "2"],
        [" a", "a", "a ", "A", "á", "a\u0301"],
        ["a,b", 'a"b', "a\nb", "a;b", "a\tb", "a\\b"],
        ["1" * 30, "1" * 31, "-0", "0", "0.10", "0.1"],
        ["∞", "日本", "हिन्दी", "🙂", "ß", "ss"],
        ["=1+1", "#N/A", "-", "--", "'", "``"],
        ["1_000", "1,000", "1.000", "1 000", "0x10", "16"],
    ],
    ids=lambda labels: labels[0].strip(),
)
def test_labels_are_text_as_it_is_written(tmp_path, labels):
    import csv

    with (tmp_path / "e.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["label", *HEADER.split(",")[1:]])
        writer.writerows(
            [labels[k], *row] for k, row in zip(LABELS, EMBEDDINGS.tolist(), strict=True)
        )
    items = read_embeddings(str(tmp_path / "e.csv"), WIDE)
    assert set(items.names) == set(labels)
    assert_items(items, names=np.array([labels[label] for label in LABELS]))


def other_row(at, line, text=CSV):
    lines = text.split("\n")
    return "\n".join([*lines[:at], line, *lines[at + 1 :]])


VALUES = ROWS[6].split(",")


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (other_row(7, ",".join(VALUES[:-2])), 3, "has 7 cells in line 8"),
        (other_row(7, ",".join([*VALUES, "1"])), 3, "has 10 cells in line 8"),
        (CSV[:-60], 3, "cells in line 23"),
        (other_row(7, ",".join([VALUES[0], "", *VALUES[2:]])), 4, "row 6 (column dim_0) lacks"),
        (other_row(7, ",".join([VALUES[0], "x", *VALUES[2:]])), 4, "row 6 (column dim_0) has 'x'"),
        (other_row(7, ",".join([VALUES[0], "NaN", *VALUES[2:]])), 4, "first in row 6"),
        (other_row(7, ",".join([VALUES[0], "inf", *VALUES[2:]])), 4, "first in row 6"),
        (other_row(7, ",".join([VALUES[0], *["0"] * DIMS])), 4, "first in row 6"),
        (CSV.replace(",", ";").replace(".", ","), 4, "decimal"),
        ("\n".join(ROWS), 3, "has no header"),
        (HEADER + "\n", 4, "0 embeddings"),
        (HEADER, 4, "0 embeddings"),
        (CSV.replace("c1", "é").encode("latin-1"), 3, "is not UTF-8 text"),
        (CSV.encode("utf-16"), 3, "is text in UTF-16"),
        (CSV.replace("c1", "c\0"), 3, "is no kind of file"),
        (CSV.replace("label,dim_0", "label,label"), 3, "has 2 columns 'label'"),
        (CSV.replace("label,dim_0", "label,dim_1"), 3, "has 2 columns 'dim_1'"),
        (CSV.replace("label", "kind"), 3, "has no column 'label'"),
        (other_row(7, f'"{ROWS[6]}'), 3, "quotation mark that is not closed"),
        (gzip.compress(CSV.encode())[:-200], 3, "may be cut off"),
        ("just a note\nof two lines\n", 3, "is no kind of file"),
    ],
    ids=range(21),
)
def test_csv_that_cannot_be_read(tmp_path, text, code, says):
    with pytest.raises(OpisError) as refused:
        read_embeddings(str(write(tmp_path / "e.csv", text)), WIDE)
    assert refused.value.exit_code == code
    assert says in " ".join(refused.value.on_command_line)


def test_a_cell_may_be_very_long_and_an_open_quote_is_explained(tmp_path):
    rng = np.random.default_rng(0)
    rows, labels = rng.normal(size=(6, 20_000)), [0, 0, 0, 1, 1, 1]
    text = "label,embedding\n" + "".join(
        f'{label},"{row}"\n' for label, row in zip(labels, rows.tolist(), strict=True)
    )
    items = read_embeddings(str(write(tmp_path / "e.csv", text)))
    expected = EmbeddingSet.from_arrays(rows, np.array(labels))
    np.testing.assert_array_equal(items.unit_rows, expected.unit_rows)
    for more in ("[1.0, 2.0]", "[1.0, 2.0]\n" * 9, "[1.0, 2.0]\n" * 4_000_000):
        with pytest.raises(OpisError, match="quotation mark that is not closed"):
            read_embeddings(str(write(tmp_path / "open.csv", f'{text}2,"{more}')))


JSON_WRITTEN = {
    "e.jsonl": jsonl(),
    "e.ndjson": jsonl(),
    "no suffix": jsonl(),
    "table.csv": jsonl(),
    "no line end.jsonl": jsonl()[:-1],
    "bom.jsonl": "\ufeff" + jsonl(),
    "windows.jsonl": jsonl().replace("\n", "\r\n"),
    "blank lines.jsonl": "\n" + jsonl().replace("\n", "\n\n") + "  \n\n",
    "compact.jsonl": jsonl().replace(": ", ":").replace(", ", ","),
    "more.jsonl": jsonl(more={"a": [1]}),
    "whole.jsonl": jsonl(n=7.5),
    "dates.jsonl": jsonl(n="2024-01-01").replace('"n": ', '"n": "').replace("}", '"}').replace('""', '"'),  # noqa: E501
    "e.jsonl.gz": gzip.compress(jsonl().encode()),
}  # fmt: skip


@pytest.mark.parametrize("name", JSON_WRITTEN)
def test_jsonl(tmp_path, name):
    contents = JSON_WRITTEN[name]
    assert_items(read_embeddings(str(write(tmp_path / name, contents))))
    contents = contents if isinstance(contents, bytes) else contents.encode()
    assert_items(read_embeddings("-", contents=contents))


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["007", "7", "7.0", "", "null", "nan"], None),
        (["2024-01-01", "2024-01-02T00:00:00Z", "12:00", "1", "2", "3"], None),
        ([7, 10, 9, -1, 2**40, 0], None),
        ([True, False, True, False, True, False], None),
    ],
)
def test_labels_in_jsonl_are_of_their_json_type(tmp_path, values, names):
    objects = [{**row, "label": values[k]} for k, row in zip(LABELS, OBJECTS, strict=True)]
    items = read_embeddings(str(write(tmp_path / "e.jsonl", jsonl(objects))))
    assert_items(items, names=np.array([values[k] for k in LABELS]))


def test_numbers_with_and_without_a_point_are_numbers(tmp_path):
    whole = [round(value) for value in OBJECTS[7]["embedding"]]
    whole[0] = 1
    items = read_embeddings(str(write(tmp_path / "e.jsonl", jsonl(embedding=whole))))
    expected = EMBEDDINGS.copy()
    expected[7] = whole
    np.testing.assert_array_equal(
        items.unit_rows, EmbeddingSet.from_arrays(expected, NAMES).unit_rows
    )


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (jsonl(label=...), 4, "label (label) in row 7 is null"),
        (jsonl(label=None), 4, "label (label) in row 7 is null"),
        (jsonl(embedding=...), 4, "embedding in row 7 is null"),
        (jsonl(embedding=[1.0, 2.0]), 4, "row 7 has 2 dims"),
        (jsonl(embedding=[]), 4, "row 7 has 0 dims"),
        (jsonl(embedding=[None] * DIMS), 4, "in row 7 is null"),
        (jsonl(embedding=[[1.0] * DIMS]), 3, "a list of a number in line 1 but a list of a list"),
        (jsonl(embedding="[1.0]"), 3, "holds a list of a number in line 1 but text in line 8"),
        (jsonl(embedding=[0.0] * DIMS), 4, "first in row 7"),
        (jsonl(embedding=[float("nan")] * DIMS), 4, "first in row 7"),
        (jsonl(label=7), 3, "'label' of {} holds text in line 1 but a number in line 8"),
        (jsonl(label=["a"]), 3, "holds text in line 1 but a list of text in line 8"),
        (jsonl()[:-30], 3, f"line {N} of {{}} is not JSON"),
        (jsonl().replace('"n": 7', "'n': 7"), 3, "line 8 of {} is not JSON"),
        (jsonl() + "[1, 2]\n", 3, f"line {N + 1} of {{}} is not an object"),
        (json.dumps(OBJECTS), 3, "is a JSON array"),
        (json.dumps(OBJECTS[0], indent=1), 4, "all 1 items"),
        (json.dumps({"embedding": {"0": [1.0]}, "label": {"0": "a"}}), 3, "holds struct"),
        (jsonl([{**row, "embedding": [1, 2]} for row in OBJECTS]), 3, "lists of whole numbers"),
        (jsonl([{"label": "a", "x_1": 1.0, "x_2": 2.0, "x_3": 1.0, "x_4": 1.0}] * 9), 3,
         "add --embedding-columns 'x_*'"),
        (gzip.compress(jsonl().encode() * 9)[:1200], 3, "may be cut off"),
    ],
    ids=range(21),
)  # fmt: skip
def test_jsonl_that_cannot_be_read(tmp_path, text, code, says):
    path = write(tmp_path / "e.jsonl", text)
    with pytest.raises(OpisError) as refused:
        read_embeddings(str(path))
    assert refused.value.exit_code == code
    assert says.format(path) in " ".join(refused.value.on_command_line)


def test_lines_are_counted_through_the_whole_of_a_large_file(tmp_path):
    rng = np.random.default_rng(0)
    embeddings, labels = rng.normal(size=(2_000, 400)), rng.integers(0, 50, 2_000)
    lines = [
        json.dumps({"embedding": row, "label": label})
        for row, label in zip(embeddings.tolist(), labels.tolist(), strict=True)
    ]
    path = write(tmp_path / "e.jsonl", "\n".join(lines))
    assert path.stat().st_size > 1.5 * (1 << 23)
    expected = EmbeddingSet.from_arrays(embeddings, labels)
    np.testing.assert_array_equal(read_embeddings(str(path)).unit_rows, expected.unit_rows)
    lines[1_990] = lines[1_990][:-5]
    with pytest.raises(OpisError, match="line 1,991 of"):
        read_embeddings(str(write(tmp_path / "bad.jsonl", "\n".join(lines))))
