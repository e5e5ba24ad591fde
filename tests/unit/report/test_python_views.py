"""Results in Python: printed as at the terminal, as a table in notebooks, as an Arrow table."""

import csv
import io
import json
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from rich.console import Console

from opiscli.report import show
from opiscli.report.tables.formats import Format
from opiscli.results import Result

KINDS = ("evaluate", "calibrate", "check", "compare", "inspect")


@pytest.mark.parametrize("kind", KINDS)
def test_a_result_prints_as_the_command_does(results, kind, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    show(results[kind], Format.TABLE)
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert str(results[kind]).splitlines() == printed
    *body, signature = printed
    assert signature == results[kind].signature
    assert all(len(line) <= 80 for line in body)
    assert len(body) > 5


@pytest.mark.parametrize("kind", KINDS)
def test_colours_and_names_never_reach_the_plain_text(results, kind, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    assert Console().is_terminal
    text = str(results[kind])
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert max(len(line) for line in text.splitlines()[:-1]) <= 80


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.cells, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        assert not attrs
        self.tags.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_data(self, data):
        self.text.append(data)
        if self.tags[-1] == "td":
            self.cells[-1] += data


@pytest.mark.parametrize("kind", KINDS)
def test_a_notebook_shows_a_small_table_and_runs_nothing(results, kind):
    html = results[kind]._repr_html_()
    page = Reader()
    page.feed(html)
    assert set(page.tags) <= {
        "div", "p", "strong", "small", "code", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip
    assert results[kind].signature in page.text
    assert len(html) < 20_000
    assert "\u202e" not in html
    if kind == "inspect":
        assert any("<script>alert(1)</script>" in cell for cell in page.cells)
        assert any("{{ 7 * 7 }}" in cell for cell in page.cells)


def test_the_notebook_table_holds_the_headline_numbers(results):
    html = results["evaluate"]._repr_html_()
    for number in ("R@1", "MAP@R", "10%-OPIS", "Mean class score", "far=0.01", "TAR"):
        assert f"<td>{number}</td>" in html
    assert "&lt;b&gt;before" in html


@pytest.mark.parametrize("kind", KINDS)
def test_the_arrow_table_holds_the_rows_of_the_csv(results, kind, capsys):
    show(results[kind], Format.CSV)
    printed = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    table = results[kind].to_arrow()
    rows = table.to_pylist()
    assert len(rows) == len(printed) > 2
    assert table.schema.metadata[b"signature"].decode() == results[kind].signature
    assert table.schema.metadata[b"schema"].decode() == results[kind].schema
    kinds = {field.name: str(field.type) for field in table.schema}
    assert (kinds["value"], kinds["k"], kinds["label"]) == ("double", "int64", "string")
    for row, line in zip(rows, printed, strict=True):
        assert row["metric"] == line["metric"]
        for name in ("value", "ci_lo", "ci_hi", "k", "n", "threshold"):
            assert row[name] == (float(line[name]) if line[name] else None)


def test_printing_needs_no_import_besides_the_function():
    script = (
        "import numpy as np; from opiscli import evaluate\n"
        "x = np.random.default_rng(0).normal(size=(80, 4)); y = np.arange(80) % 10\n"
        "x += 2 * np.random.default_rng(1).normal(size=(10, 4))[y]\n"
        "r = evaluate(x, y); import sys; assert 'rich' not in sys.modules\n"
        "print(r); assert r._repr_html_().startswith('<div>'); r.to_arrow()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Mean class score" in done.stdout


def test_without_the_room_that_draws_a_result_is_its_fields(results, monkeypatch):
    monkeypatch.setattr(Result, "views", None)
    check = results["check"]
    assert str(check) == repr(check)
    assert check._repr_html_() is None
    with pytest.raises(RuntimeError, match=r"import opiscli\.report"):
        check.to_arrow()
    assert json.loads(check.to_json())["schema"] == "opis.check/1"
