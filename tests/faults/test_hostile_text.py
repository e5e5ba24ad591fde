"""Names that a spreadsheet, Markdown or LaTeX would take for formulas or markup."""

import csv
import io
import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import clusters

from opiscli.report.tables.formats import _escape_latex, _no_formula

NAMES = [
    "=cmd|'/c calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "＝1",
    "-1",
    "+2.5e3",
    "a,b\"c'",
    "|x`y",
    "[z]*",
    "plain",
]
COLUMN = "g`<b>|\n``x"
FORMULAS = {"=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(1)", "＝1"}


@pytest.fixture
def source(tmp_path):
    embeddings, labels = clusters(n_classes=len(NAMES), sizes=(4, 9))
    names = [NAMES[label] for label in labels]
    table = pa.table({"embedding": list(embeddings), "label": names, COLUMN: names})
    path = tmp_path / "=1+1.parquet"
    pq.write_table(table, path)
    return path


def rows(opis, *argv):
    code, out, err = opis(*argv)
    assert code == 0, err
    return list(csv.DictReader(io.StringIO(out, newline="")))


def test_no_cell_of_a_csv_is_a_formula(opis, source, monkeypatch):
    monkeypatch.chdir(source.parent)
    asked = ("evaluate", source.name, "--group-by", COLUMN, "-q", "--format")
    safe, raw = rows(opis, *asked, "csv"), rows(opis, *asked, "raw-csv")
    assert len(safe) == len(raw)
    found = set()
    for one, other in zip(safe, raw, strict=True):
        for name in one:
            if one[name] != other[name]:
                assert one[name] == f"'{other[name]}"
                found.add(other[name])
    assert found == FORMULAS
    # Control characters are spelled out, numbers stay numbers.
    assert {r"\t=1", r"\r=1", "-1", "+2.5e3"} <= {row["label"] for row in safe}


def test_negative_numbers_are_not_touched(opis, source):
    changes = rows(opis, "compare", source, source, "-q", "--format", "csv")
    values = [row[name] for row in changes for name in ("value", "ci_lo", "ci_hi") if row[name]]
    assert all(float(value) is not None for value in values)
    assert [_no_formula(text) for text in ("-0.5", "+.5", "-1e-9")] == ["-0.5", "+.5", "-1e-9"]
    assert [_no_formula(text) for text in ("-1-1", "-", "+a", "-1e")] == [
        "'-1-1",
        "'-",
        "'+a",
        "'-1e",
    ]


def test_a_column_name_stays_inside_the_code_span(opis, source):
    asked = ("evaluate", source, "--group-by", COLUMN, "-q", "--format", "markdown")
    code, out, _ = opis(*asked)
    assert code == 0
    last = out.rstrip("\n").splitlines()[-1]
    fence = re.match("`+", last)[0]
    assert last.endswith(f" {fence}")
    assert fence not in last[len(fence) : -len(fence)]
    table = [line for line in out.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {9}


def test_latex_holds_every_name(opis, source):
    asked = ("evaluate", source, "--group-by", COLUMN, "-q", "--format", "latex")
    code, out, _ = opis(*asked)
    assert code == 0
    first, *lines = out.splitlines()
    assert first.startswith("% opis|")
    assert all(line.startswith("\\hline") or line.endswith(("\\\\", "l}", "}")) for line in lines)
    assert _escape_latex("[a]*") == "{[}a{]}{*}"
    assert _escape_latex('`"') == r"\textasciigrave{}\symbol{34}"
