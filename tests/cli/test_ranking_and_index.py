"""``opis evaluate --ranking`` and ``--index``: in every format, and refused where it must be."""

import csv
import io
import json

import pytest
from conftest import SAMPLE

WORDNET = SAMPLE / "wordnet.parquet"


def test_both_are_left_out_unless_asked_for(opis):
    result = json.loads(opis("evaluate", WORDNET, "--json")[1])
    assert (result["ranking"], result["deployed"]) == (None, None)


def test_every_format_shows_both(opis, monkeypatch):
    argv = ("evaluate", WORDNET, "--ranking", "--index", "SQ4")
    truth = json.loads(opis(*argv, "--json")[1])
    assert set(truth["ranking"]) == {"map_at_r", "r_precision"}
    for estimate in truth["ranking"].values():
        assert estimate["ci"][0] < estimate["value"] < estimate["ci"][1]
    deployed = truth["deployed"]
    assert (deployed["index"], deployed["bytes_per_item"]) == ("SQ4", 192)
    assert deployed["opis"]["exact"] == truth["opis"]["value"]
    assert deployed["recall_at_1"]["exact"] == truth["recall"]["1"]["value"]
    for point, exact in zip(deployed["operating_points"], truth["operating_points"], strict=True):
        assert point["threshold"] == exact["threshold"]
        assert point["far"]["exact"] == exact["far"]["value"]
        assert point["tar"]["exact"] == pytest.approx(exact["tar"])
        assert point["far"]["deployed"] != point["far"]["exact"]

    rows = {
        row["metric"]: float(row["value"])
        for row in csv.DictReader(io.StringIO(opis(*argv, "-f", "csv")[1]))
    }
    assert rows["map_at_r"] == truth["ranking"]["map_at_r"]["value"]
    assert rows["deployed_recall@1"] == deployed["recall_at_1"]["deployed"]
    assert rows["deployed_opis"] == deployed["opis"]["deployed"]
    assert rows["deployed_far@far=0.01"] == deployed["operating_points"][1]["far"]["deployed"]
    monkeypatch.setenv("COLUMNS", "80")
    *body, _ = opis(*argv)[1].rstrip().split("\n")
    assert all(len(line) <= 80 for line in body)
    assert any(line.split()[:4] == ["Through", "the", "index", "exact"] for line in body)


def test_a_long_index_name_does_not_widen_the_report(opis, monkeypatch, tmp_path):
    import faiss

    from opiscli import read_embeddings

    items = read_embeddings(str(WORDNET))
    unit = items.unit_rows[items.rows.argsort()]
    index = faiss.index_factory(items.dims, "SQ8")
    index.train(unit)
    index.add(unit)
    file = tmp_path / f"{'long' * 20}.faiss"
    faiss.write_index(index, str(file))
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = opis("evaluate", WORDNET, "--index", file)
    assert code == 0
    assert all(len(line) <= 80 for line in out.rstrip().split("\n")[1:-1])
    result = json.loads(opis("evaluate", WORDNET, "--index", file, "--json")[1])["deployed"]
    assert result["index"] == str(file)
    assert result["recall_at_1"]["deployed"] == pytest.approx(
        result["recall_at_1"]["exact"], abs=2e-3
    )


def test_a_saved_evaluation_keeps_rankings_and_cannot_be_searched(opis, tmp_path):
    with_it, without = tmp_path / "with.opis", tmp_path / "without.opis"
    direct = json.loads(opis("evaluate", WORDNET, "--ranking", "--json", "--save", with_it)[1])
    opis("evaluate", WORDNET, "--save", without)
    assert json.loads(opis("evaluate", with_it, "--json")[1])["ranking"] == direct["ranking"]
    code, out, err = opis("evaluate", without, "--ranking")
    assert (code, out) == (2, "")
    assert "was counted without" in err
    code, out, err = opis("evaluate", with_it, "--index", "SQ8")
    assert (code, out) == (2, "")
    assert "needs embeddings" in err


@pytest.mark.parametrize(("asked", "exit_code"), [("bogus", 2), ("no/such.faiss", 3)])
def test_a_bad_index_is_two_lines(opis, asked, exit_code):
    code, out, err = opis("evaluate", WORDNET, "--index", asked)
    assert (code, out) == (exit_code, "")
    assert [line.split(":")[0] for line in err.splitlines()] == ["error", "hint"]


def test_a_file_that_is_no_index_is_exit_3(opis):
    code, _, err = opis("evaluate", WORDNET, "--index", WORDNET)
    assert code == 3
    assert "cannot be read as a FAISS index" in err
